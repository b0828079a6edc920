/**
 * Registration: who may enroll, where, and as what. Everything happens in one transaction, so a use of a
 * key is taken exactly when a worker is recorded, and both are in the audit log or neither is.
 */
import { randomBytes } from 'node:crypto';

import { hashToken, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { dropCredential, findProject, registerCredential } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type {
  BodyOf,
  EnrollmentKeyId,
  OrganizationId,
  ProjectId,
  registerWorker as endpoint,
  WorkerId,
} from '@sagewai/wire';

import { enrollWorker } from './enroll-worker.ts';
import { type EnrollmentKey, findEnrollmentKey, useEnrollmentKey } from './enrollment-keys.sql.ts';
import { openSession } from './leases.sql.ts';
import { POOL_DEFAULT } from './run.ts';
import { WORKER_SECRET_KIND } from './worker.ts';
import { countUndecided, insertWorker } from './workers.sql.ts';

const SECRET_BYTES = 32;

/** What a worker calls itself and says that it can do. */
export type Registration = BodyOf<typeof endpoint>;

export interface Origin {
  readonly orgId: OrganizationId;
  /** `token:<id>`, `anonymous`; a key names itself. */
  readonly actor: string;
  readonly requestId: string;
  /** Only this project's runs; a wish of the worker, and a restriction of it. */
  readonly project: string | undefined;
  readonly undecidedMax: number;
}

export interface Registered {
  readonly workerId: WorkerId;
  readonly secret: string;
  readonly reason: string | null;
  readonly dropped: readonly string[];
}

/** Records a worker: approved when a key vouches for it, else pending. */
export async function registerWorker(
  tx: Tx,
  registration: Registration,
  origin: Origin & { readonly keyId: EnrollmentKeyId | null },
): Promise<Registered> {
  const { orgId, keyId } = origin;
  const { pool = POOL_DEFAULT, models = [], labels = {}, name = 'worker' } = registration;
  const projectId = await projectOf(tx, origin);
  const key = keyId === null ? null : demandUsable(await findEnrollmentKey(tx, keyId));
  const enrollment = enrollWorker({ pool, models }, key);
  const vouched = enrollment.state === 'approved' && key !== null;
  if (vouched && !(await useEnrollmentKey(tx, key.id))) throw invalid('it is used up');
  if (!vouched) await demandRoom(tx, origin);

  const workerId = newId<WorkerId>();
  await insertWorker(tx, {
    id: workerId,
    orgId,
    projectId,
    name,
    pool,
    models: enrollment.models,
    modelsCanonical: enrollment.modelsCanonical,
    labels: withoutProject(labels),
    maxConcurrent: registration.max_concurrent ?? 1,
    state: enrollment.state,
    reason: enrollment.reason,
    decidedBy: vouched ? 'enrollment-key' : null,
  });
  const secret = await giveSecret(tx, { workerId, orgId });
  await appendAudit(tx, {
    orgId,
    actor: key === null ? origin.actor : `enrollment:${key.id}`,
    action: 'fleet.registerWorker',
    subject: `worker:${workerId}`,
    outcome: 'ok',
    requestId: origin.requestId,
    details: { name, pool, state: enrollment.state, models: enrollment.models.join(',') },
  });
  return { workerId, secret, reason: enrollment.reason, dropped: enrollment.dropped };
}

/** Registration of a worker that is known: a new session, and a new secret in place of the old one. */
export async function registerAgain(
  tx: Tx,
  worker: { readonly id: WorkerId; readonly orgId: OrganizationId },
  requestId: string,
): Promise<{ readonly sessionEpoch: bigint; readonly secret: string }> {
  const sessionEpoch = await openSession(tx, worker);
  if (sessionEpoch === null) {
    throw new Fault('worker.unapproved', `worker ${worker.id} may open no session`, {
      detail: 'Worker not approved',
    });
  }
  await dropCredential(tx, { kind: WORKER_SECRET_KIND, id: worker.id });
  const secret = await giveSecret(tx, { workerId: worker.id, orgId: worker.orgId });
  await appendAudit(tx, {
    orgId: worker.orgId,
    actor: `worker:${worker.id}`,
    action: 'fleet.registerWorker',
    subject: `worker:${worker.id}`,
    outcome: 'ok',
    requestId,
    details: { session_epoch: Number(sessionEpoch) },
  });
  return { sessionEpoch, secret };
}

async function giveSecret(
  tx: Tx,
  { workerId, orgId }: { workerId: WorkerId; orgId: OrganizationId },
): Promise<string> {
  const secret = randomBytes(SECRET_BYTES).toString('base64url');
  const hash = hashToken(secret);
  await registerCredential(tx, { kind: WORKER_SECRET_KIND, id: workerId, orgId, hash });
  return secret;
}

async function projectOf(tx: Tx, { orgId, project }: Origin): Promise<ProjectId | null> {
  if (project === undefined) return null;
  const found = await findProject(tx, orgId, project);
  if (found === null) throw new Fault('project.missing', 'the worker names an unknown project');
  return found.id;
}

async function demandRoom(tx: Tx, { orgId, undecidedMax }: Origin): Promise<void> {
  if ((await countUndecided(tx, orgId)) < undecidedMax) return;
  throw new Fault('rate.exceeded', 'too many workers wait for a decision', {
    detail: `${undecidedMax} workers wait for approval already.`,
  });
}

function demandUsable(
  key: (EnrollmentKey & { readonly expired: boolean }) | null,
): EnrollmentKey & { readonly expired: boolean } {
  if (key === null) throw invalid();
  if (key.revokedAt !== null) throw invalid('it was revoked');
  if (key.expired) throw invalid('it has expired');
  if (key.maxUses !== null && key.currentUses >= key.maxUses) throw invalid('it is used up');
  return key;
}

/** Who has a key may know what is wrong with it; who has none learns nothing. */
export function invalid(why?: string): Fault {
  return new Fault('enrollment.invalid', `enrollment key refused: ${why ?? 'unknown'}`, {
    detail: why === undefined ? 'Invalid enrollment key' : `Invalid enrollment key: ${why}`,
  });
}

/** The project is never taken from a label. */
function withoutProject(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => name !== 'project_id'));
}
