import { newId } from '@sagewai/crypto';
import { found, implement, type Route } from '@sagewai/http';
import { endOfEmergency } from '@sagewai/identity';
import {
  getWorker,
  issueWorkerToken,
  listWorkers,
  WORKER_SCOPES,
  type WorkerId,
} from '@sagewai/wire';

import { mintWorkerToken } from '../identity/worker-token.ts';
import type { FleetParts } from '../parts.ts';
import { toWorker } from '../runs/to-wire.ts';
import { countWorkers, listWorkers as readWorkers } from './workers.sql.ts';

const WORKERS_PER_PAGE = 200;
const NO_SUCH_WORKER = 'There is no such worker.';

/** For the people who run a fleet. */
export function administrationRoutes(parts: FleetParts): Route[] {
  const { clock, settings, workerTokenKey } = parts;

  return [
    implement(listWorkers, async ({ tx, orgId, query }) => {
      const filter = { orgId, state: query.status, pool: query.pool };
      const rows = await readWorkers(tx, { ...filter, limit: query.limit ?? WORKERS_PER_PAGE });
      return {
        workers: rows.map((row) => toWorker(row, settings.probeStaleMs)),
        total: await countWorkers(tx, filter),
      };
    }),

    implement(getWorker, async ({ tx, orgId, params }) => {
      const id = params.worker_id as WorkerId;
      const [row] = await readWorkers(tx, { orgId, id, limit: 1 });
      return toWorker(found(row, NO_SUCH_WORKER), settings.probeStaleMs);
    }),

    implement(issueWorkerToken, async ({ tx, orgId, params, body, caller, audit }) => {
      const id = params.worker_id as WorkerId;
      const [row] = await readWorkers(tx, { orgId, id, limit: 1 });
      const worker = found(row, NO_SUCH_WORKER);
      const issuedAt = clock.now();
      const ttlMs = (body.expires_in_seconds ?? settings.issuedTokenTtlMs / 1_000) * 1_000;
      const endsMs = endOfEmergency(caller)?.getTime() ?? Infinity;
      const expiresAt = new Date(Math.min(issuedAt.getTime() + ttlMs, endsMs));
      const tokenId = newId();
      const scopes = body.scopes ?? [...WORKER_SCOPES];
      audit.about(`worker:${id}`, {
        token_id: tokenId,
        expires_at: expiresAt.toISOString(),
        scopes: scopes.join(' '),
      });
      const token = mintWorkerToken(workerTokenKey, {
        workerId: id,
        orgId,
        pool: worker.pool,
        scopes,
        tokenId,
        sessionEpoch: null,
        binding: null,
        issuedAt,
        expiresAt,
      });
      return { worker_id: id, token, expires_at: expiresAt.toISOString() };
    }),
  ];
}
