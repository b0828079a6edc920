import { randomUUID } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId, WorkerId } from '@sagewai/wire';

import { type ClaimRequest, internSubqueue, type InternRequest } from './dispatch/queue.sql.ts';
import type { NewRun } from './runs/run.ts';
import { insertWorker, readWorkerRecords } from './workers/workers.sql.ts';

const FEW = { classesMax: 10, keysMax: 10 };

interface Tenant {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

/** A subqueue, and a worker that serves it. */
export interface Place {
  readonly tenant: Tenant;
  readonly sq: number;
  readonly num: number;
  readonly workerId: WorkerId;
}

export async function makePlace(
  db: Db,
  tenant: Tenant,
  concurrency: InternRequest['concurrency'] = null,
): Promise<Place> {
  const { orgId, projectId } = tenant;
  const requirement = { pool: 'default', model: '*', labels: { b: '1', a: '2' } };
  const sq = await internSubqueue(db, { orgId, projectId, ...requirement, ...FEW, concurrency });
  const id = newId<WorkerId>();
  await inTenant(db, [orgId], (tx) =>
    insertWorker(tx, {
      id,
      orgId,
      projectId: null,
      name: 'w',
      pool: 'default',
      models: [],
      modelsCanonical: [],
      labels: {},
      maxConcurrent: 1,
      state: 'approved',
      reason: null,
      decidedBy: 'test',
      enrolledBy: null,
      scopes: ['claim', 'report', 'heartbeat'],
      key: null,
    }),
  );
  const record = (await readWorkerRecords(db, [id], 60_000)).get(id);
  return { tenant, sq: sq ?? 0, num: record?.num ?? 0, workerId: id };
}

export const newRun = ({ tenant, sq }: Place, of: Partial<NewRun> = {}): NewRun => ({
  runId: newId<RunId>(),
  orgId: tenant.orgId,
  projectId: tenant.projectId,
  sq,
  prio: 0,
  model: null,
  maxAttempts: 3,
  deadline: null,
  payload: '{}',
  actor: 'token:t',
  idempotencyKey: null,
  requestHash: 'h',
  plan: null,
  keyLimit: null,
  ...of,
});

export const requestOf = (
  { tenant, sq, num }: Place,
  of: Partial<ClaimRequest> & { slots?: number } = {},
): ClaimRequest => ({
  orgId: tenant.orgId,
  wants: [{ sq, prio: 0, count: of.slots ?? 10, floor: 0n }],
  polls: [{ workerNum: num, sessionEpoch: 1n, pollId: randomUUID(), slots: of.slots ?? 10 }],
  flatFor: null,
  ...of,
});
