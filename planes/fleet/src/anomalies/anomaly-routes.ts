import { found, implement, type Route } from '@sagewai/http';
import { nameActor } from '@sagewai/trust';
import {
  getAnomalySettings,
  listAnomalies as listEndpoint,
  resetWorker,
  setAnomalySettings,
  type WorkerId,
} from '@sagewai/wire';

import {
  type AnomalyRow,
  clearAnomalies,
  listAnomalies,
  readThresholds,
  setThresholds,
} from './anomalies.sql.ts';
import { DEFAULT_THRESHOLDS, type ThresholdSetting } from './anomaly.ts';

const PER_PAGE = 100;

/** For the people who watch a fleet. */
export function anomalyRoutes(): Route[] {
  return [
    implement(listEndpoint, async ({ tx, orgId, query }) => {
      const rows = await listAnomalies(tx, {
        orgId,
        workerId: query.worker_id ?? null,
        kind: query.kind ?? null,
        open: query.open === undefined ? null : query.open === 'true',
        limit: query.limit ?? PER_PAGE,
      });
      return { anomalies: rows.map(toWire) };
    }),

    implement(resetWorker, async ({ tx, params, caller, audit }) => {
      const workerId = params.worker_id as WorkerId;
      audit.about(`worker:${workerId}`);
      const cleared = await clearAnomalies(tx, { workerId, by: nameActor(caller) });
      return { worker_id: workerId, cleared: found(cleared, 'There is no such worker.') };
    }),

    implement(getAnomalySettings, async ({ tx }) => ({
      defaults: {
        claims_per_minute: DEFAULT_THRESHOLDS.claimsPerMinute,
        failures_per_hour: DEFAULT_THRESHOLDS.failuresPerHour,
        silence_seconds: DEFAULT_THRESHOLDS.silenceSeconds,
        mismatches_per_hour: DEFAULT_THRESHOLDS.mismatchesPerHour,
        window_seconds: DEFAULT_THRESHOLDS.windowSeconds,
        kinds_to_revoke: DEFAULT_THRESHOLDS.kindsToRevoke,
      },
      settings: (await readThresholds(tx)).map(settingToWire),
    })),

    implement(setAnomalySettings, async ({ tx, orgId, body, audit }) => {
      const pool = body.pool ?? null;
      const before = (await readThresholds(tx)).find((setting) => setting.pool === pool);
      const of = <Value>(given: Value | undefined, kept: Value | null | undefined): Value | null =>
        given === undefined ? (kept ?? null) : given;
      const setting = {
        orgId,
        pool,
        claimsPerMinute: of(body.claims_per_minute, before?.claimsPerMinute),
        failuresPerHour: of(body.failures_per_hour, before?.failuresPerHour),
        silenceSeconds: of(body.silence_seconds, before?.silenceSeconds),
        mismatchesPerHour: of(body.mismatches_per_hour, before?.mismatchesPerHour),
        windowSeconds: of(body.window_seconds, before?.windowSeconds),
        kindsToRevoke: of(body.kinds_to_revoke, before?.kindsToRevoke),
      };
      const wire = settingToWire(setting);
      audit.about(pool === null ? 'anomaly settings' : `pool:${pool}`, wire);
      await setThresholds(tx, setting);
      return wire;
    }),
  ];
}

const settingToWire = (setting: ThresholdSetting) => ({
  pool: setting.pool,
  claims_per_minute: setting.claimsPerMinute,
  failures_per_hour: setting.failuresPerHour,
  silence_seconds: setting.silenceSeconds,
  mismatches_per_hour: setting.mismatchesPerHour,
  window_seconds: setting.windowSeconds,
  kinds_to_revoke: setting.kindsToRevoke,
});

const toWire = (row: AnomalyRow) => ({
  id: row.id,
  worker_id: row.workerId,
  kind: row.kind,
  pool: row.pool,
  observed: row.observed,
  allowed: row.allowed,
  raised_at: row.raisedAt.toISOString(),
  revoked: row.revoked,
  cleared_at: row.clearedAt?.toISOString() ?? null,
  cleared_by: row.clearedBy,
});
