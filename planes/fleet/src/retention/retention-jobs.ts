import { listOrganizationIds } from '@sagewai/identity';
import { type Job, job } from '@sagewai/jobs';
import { inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { forgetReplacedSecrets } from '../enrollment/enrollment-keys.sql.ts';
import { forgetHeads, rotateEventDays } from '../events/run-events.sql.ts';
import { forgetProofs } from '../identity/worker-keys.sql.ts';
import { forgetStickyKeys } from '../matching/routes.sql.ts';
import type { FleetParts } from '../parts.ts';
import { forgetFirings } from '../schedules/schedules.sql.ts';
import { forgetTriggerFirings } from '../triggers/triggers.sql.ts';
import { forgetWaits } from '../waits/waits.sql.ts';
import {
  dropDay,
  dropRuns,
  forgetKeys,
  forgetLost,
  listRetentions,
  makePartitions,
} from './retention.sql.ts';

const BATCH = 500;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const ORGANIZATIONS_PER_PAGE = 500;

/**
 * What is removed, and when.
 *
 *   R1. A run that is not over is never removed, nor one that ended less than its retention ago. Spend and
 *       audit are not touched.
 */
export function retentionJobs(parts: FleetParts): Job[] {
  const { dispatch, settings } = parts;
  return [
    job({
      name: 'fleet.partition',
      everyMs: HOUR_MS,
      runsOn: 'leader',
      converges: 'the days ahead have their partitions, and days of events that are over are gone',
      ifItNeverRuns: 'runs go to the default partition, and cannot be dropped by the day',
      run: async () => {
        await makePartitions(dispatch, settings.partitionDaysAhead);
        await rotateEventDays(dispatch, {
          ahead: settings.eventDaysAhead,
          keep: settings.eventDaysKept,
        });
      },
    }),

    job({
      name: 'fleet.forget',
      everyMs: HOUR_MS,
      runsOn: 'leader',
      converges: 'what is older than its retention is gone, idempotency keys too',
      ifItNeverRuns: 'the tables of runs and of keys grow',
      run: async (signal) => {
        await forgetLost(dispatch, settings.lostRunTtlMs);
        await dropDays(parts, signal);
        await forgetOrganizations(parts, signal);
      },
    }),
  ];
}

async function dropDays(
  { dispatch, settings, log }: FleetParts,
  signal: AbortSignal,
): Promise<void> {
  const limits = { retentionMs: settings.runRetentionMs, keepMax: settings.keptPerDayMax };
  while (!signal.aborted) {
    const dropped = await dropDay(dispatch, limits);
    if (dropped.kind === 'none') return;
    if (dropped.kind === 'full') {
      return log.warn('a day of runs stays: too many of them are not over', limits);
    }
    log.info('a day of runs was dropped', { kept: dropped.kept });
  }
}

async function forgetOrganizations(parts: FleetParts, signal: AbortSignal): Promise<void> {
  const { db, dispatch, settings } = parts;
  let cursor: string | undefined;
  for (;;) {
    const orgIds = await listOrganizationIds(dispatch, { limit: ORGANIZATIONS_PER_PAGE, cursor });
    if (orgIds.length === 0 || signal.aborted) return;
    const retentions = await inTenant(db, orgIds, async (tx) => {
      await forgetKeys(tx, settings.idempotencyKeyTtlMs);
      await forgetFirings(tx, settings.runRetentionMs);
      await forgetTriggerFirings(tx, settings.triggerFiringsKeptMs);
      await forgetHeads(tx, settings.eventDaysKept);
      await forgetWaits(tx, settings.waitsKeptMs);
      await forgetStickyKeys(tx, settings.stickyKeysKeptMs);
      await forgetReplacedSecrets(tx, settings.replacedSecretKeptMs);
      await forgetProofs(tx, 4 * settings.proofAgeMs);
      return listRetentions(tx);
    });
    // Of a dropped day, what was kept then may be over since.
    for (const orgId of orgIds as OrganizationId[]) {
      await dropAll(
        parts,
        { orgId, projectId: null, retentionMs: settings.runRetentionMs },
        signal,
      );
    }
    for (const { orgId, projectId, days } of retentions) {
      await dropAll(parts, { orgId, projectId, retentionMs: days * DAY_MS }, signal);
    }
    cursor = orgIds.at(-1);
  }
}

async function dropAll(
  { dispatch }: FleetParts,
  of: Omit<Parameters<typeof dropRuns>[1], 'limit'>,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    if ((await dropRuns(dispatch, { ...of, limit: BATCH })) < BATCH) return;
  }
}
