import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { registerCredential } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  approveWorker,
  createEnrollmentKey,
  type EnrollmentKeyId,
  getFleetSettings,
  getWorker,
  issueWorkerToken,
  listEnrollmentKeys,
  listWorkers,
  type OutputOf,
  rejectWorker,
  revokeEnrollmentKey,
  revokeWorker,
  setFleetSettings,
  WORKER_SCOPES,
  type WorkerId,
  type WorkerState,
} from '@sagewai/wire';

import {
  insertEnrollmentKey,
  listEnrollmentKeys as readKeys,
  revokeEnrollmentKey as endKey,
} from './enrollment-keys.sql.ts';
import { findLeasesOf, takeBack } from './leases.sql.ts';
import type { FleetParts } from './parts.ts';
import { readOpenRegistration, setOpenRegistration } from './settings.sql.ts';
import { toKey, toWorker } from './to-wire.ts';
import { mintWorkerToken } from './worker-token.ts';
import { ENROLLMENT_KEY_KIND, ENROLLMENT_KEY_PREFIX } from './worker.ts';
import { countWorkers, decideWorker, listWorkers as readWorkers } from './workers.sql.ts';

const WORKERS_PER_PAGE = 200;
const NO_SUCH_WORKER = 'There is no such worker.';
/** Each decision, and the one state that it may be made in. */
const DECISIONS = {
  approved: 'pending',
  rejected: 'pending',
  revoked: 'approved',
} as const satisfies Partial<Record<WorkerState, WorkerState>>;

/** For the people who run a fleet. */
export function administrationRoutes(parts: FleetParts): Route[] {
  const { clock, settings, workerTokenKey } = parts;

  const decide = async (
    tx: Tx,
    decision: { readonly id: WorkerId; readonly to: keyof typeof DECISIONS; readonly by: string },
  ): Promise<number> => {
    const num = await decideWorker(tx, { ...decision, from: DECISIONS[decision.to] });
    if (num === null) {
      throw new Fault(
        'resource.missing',
        `worker ${decision.id} is not ${DECISIONS[decision.to]}`,
        {
          detail: `There is no worker of that id that is ${DECISIONS[decision.to]}.`,
        },
      );
    }
    tx.onCommit(() => parts.afterDecided(decision.id));
    return num;
  };

  return [
    implement(listWorkers, async ({ tx, orgId, query }) => {
      const filter = { orgId, state: query.status, pool: query.pool };
      const rows = await readWorkers(tx, { ...filter, limit: query.limit ?? WORKERS_PER_PAGE });
      return { workers: rows.map(toWorker), total: await countWorkers(tx, filter) };
    }),

    implement(getWorker, async ({ tx, orgId, params }) => {
      const id = params.worker_id as WorkerId;
      const [row] = await readWorkers(tx, { orgId, id, limit: 1 });
      return toWorker(found(row, NO_SUCH_WORKER));
    }),

    implement(
      approveWorker,
      async ({ tx, params, caller, audit }): Promise<OutputOf<typeof approveWorker>> => {
        const id = params.worker_id as WorkerId;
        audit.about(`worker:${id}`);
        await decide(tx, { id, to: 'approved', by: nameActor(caller) });
        return { status: 'approved', worker_id: id };
      },
    ),

    implement(
      rejectWorker,
      async ({ tx, params, caller, audit }): Promise<OutputOf<typeof rejectWorker>> => {
        const id = params.worker_id as WorkerId;
        audit.about(`worker:${id}`);
        await decide(tx, { id, to: 'rejected', by: nameActor(caller) });
        return { status: 'rejected', worker_id: id };
      },
    ),

    implement(
      revokeWorker,
      async ({ tx, params, caller, audit }): Promise<OutputOf<typeof revokeWorker>> => {
        const id = params.worker_id as WorkerId;
        audit.about(`worker:${id}`);
        const num = await decide(tx, { id, to: 'revoked', by: nameActor(caller) });
        const leases = await findLeasesOf(tx, num, null);
        const taken = await takeBack(tx, leases, { why: 'the worker was revoked', counts: true });
        tx.onCommit(() => parts.afterTakenBack(taken));
        return { status: 'revoked', worker_id: id };
      },
    ),

    implement(issueWorkerToken, async ({ tx, orgId, params, body, audit }) => {
      const id = params.worker_id as WorkerId;
      const [row] = await readWorkers(tx, { orgId, id, limit: 1 });
      const worker = found(row, NO_SUCH_WORKER);
      const issuedAt = clock.now();
      const ttlMs =
        body.expires_in_seconds === undefined
          ? settings.issuedTokenTtlMs
          : body.expires_in_seconds * 1_000;
      const expiresAt = new Date(issuedAt.getTime() + ttlMs);
      const tokenId = newId();
      audit.about(`worker:${id}`, { token_id: tokenId, expires_at: expiresAt.toISOString() });
      const token = mintWorkerToken(workerTokenKey, {
        workerId: id,
        orgId,
        pool: worker.pool,
        scopes: WORKER_SCOPES,
        tokenId,
        sessionEpoch: null,
        issuedAt,
        expiresAt,
      });
      return { worker_id: id, token, expires_at: expiresAt.toISOString() };
    }),

    implement(listEnrollmentKeys, async ({ tx, orgId }) => {
      const keys = await readKeys(tx, orgId);
      return { keys: keys.map(toKey), total: keys.length };
    }),

    implement(createEnrollmentKey, async ({ tx, orgId, body, caller, audit }) => {
      const id = newId<EnrollmentKeyId>();
      const key = mintToken(ENROLLMENT_KEY_PREFIX);
      const { pool } = body;
      const expiresAt = typeof body.expires_at === 'string' ? new Date(body.expires_at) : null;
      const inserted = await insertEnrollmentKey(tx, {
        id,
        orgId,
        name: body.name,
        maxUses: body.max_uses ?? null,
        expiresAt,
        expiresInSeconds: body.expires_in_seconds ?? null,
        allowedPools: body.allowed_pools ?? body.pools ?? (typeof pool === 'string' ? [pool] : []),
        allowedModels: body.allowed_models ?? body.models ?? [],
        createdBy: nameActor(caller),
      });
      await registerCredential(tx, { kind: ENROLLMENT_KEY_KIND, id, orgId, hash: hashToken(key) });
      audit.about(`enrollment:${id}`, { name: body.name });
      return { ...toKey(inserted), key };
    }),

    implement(
      revokeEnrollmentKey,
      async ({ tx, params, audit }): Promise<OutputOf<typeof revokeEnrollmentKey>> => {
        const id = params.key_id as EnrollmentKeyId;
        audit.about(`enrollment:${id}`);
        const ended = await endKey(tx, id);
        found(ended || null, 'There is no such enrollment key, or it was revoked before.');
        return { status: 'ok' };
      },
    ),

    implement(getFleetSettings, async ({ tx, orgId }) => ({
      open_registration: await readOpenRegistration(tx, orgId),
    })),

    implement(setFleetSettings, async ({ tx, orgId, body, audit }) => {
      audit.about('fleet settings', { open_registration: body.open_registration });
      await setOpenRegistration(tx, orgId, body.open_registration);
      return body;
    }),
  ];
}
