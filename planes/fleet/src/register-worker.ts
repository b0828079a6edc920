/**
 * Registration: who may enroll, where, and as what. Everything happens in one transaction, so a use of a
 * key is taken exactly when a worker is recorded, and both are in the audit log or neither is.
 */
import { randomBytes } from 'node:crypto';

import { hashToken, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { dropCredential, findProject, registerCredential } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { appendAll, appendAudit, type AuditEntry } from '@sagewai/trust';
import {
  type BodyOf,
  type EnrollmentKeyId,
  type OrganizationId,
  type ProjectId,
  type registerWorker as endpoint,
  WORKER_SCOPES,
  type WorkerId,
} from '@sagewai/wire';

import { enrollWorker } from './enroll-worker.ts';
import { findEnrollmentKey, type ShownKey, useEnrollmentKey } from './enrollment-keys.sql.ts';
import { judgeKeyUse } from './judge-key-use.ts';
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
  /** Where the registration comes from, as this server sees it. */
  readonly address: string;
}

/** The key that is shown, by the value that was shown. */
export interface KeyName {
  readonly id: EnrollmentKeyId;
  readonly hash: Uint8Array;
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
  origin: Origin & { readonly key: KeyName | null },
): Promise<Registered> {
  const { orgId } = origin;
  const { pool = POOL_DEFAULT, models = [], labels = {}, name = 'worker' } = registration;
  const projectId = await projectOf(tx, origin);
  const key = origin.key === null ? null : await demandUsable(tx, origin.key, origin.address);
  const declared = withoutProject(labels);
  const enrollment = enrollWorker({ pool, models, labels: declared }, key);
  const vouching = enrollment.fits ? key : null;
  if (vouching !== null && !(await useEnrollmentKey(tx, vouching.id)))
    throw invalid('it is used up');
  if (enrollment.state === 'pending') await demandRoom(tx, origin);

  const workerId = newId<WorkerId>();
  await insertWorker(tx, {
    id: workerId,
    orgId,
    projectId,
    name,
    pool,
    models: enrollment.models,
    modelsCanonical: enrollment.modelsCanonical,
    labels: declared,
    maxConcurrent: registration.max_concurrent ?? 1,
    state: enrollment.state,
    reason: enrollment.reason,
    decidedBy: enrollment.state === 'approved' ? 'enrollment-key' : null,
    enrolledBy: vouching?.id ?? null,
    scopes: WORKER_SCOPES,
  });
  const secret = await giveSecret(tx, { workerId, orgId });
  const about = {
    orgId,
    subject: `worker:${workerId}`,
    outcome: 'ok',
    requestId: origin.requestId,
  };
  const actor = key === null ? origin.actor : `enrollment:${key.id}`;
  const { address } = origin;
  const { state } = enrollment;
  await appendAll(tx, [
    ...(key === null ? [] : [keyUsed(key.id, { ...origin, outcome: 'ok', details: { state } })]),
    {
      ...about,
      actor,
      action: 'fleet.registerWorker',
      details: { name, pool, state, models: enrollment.models.join(','), address },
    },
  ]);
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

async function demandUsable(tx: Tx, name: KeyName, address: string): Promise<ShownKey> {
  const key = await findEnrollmentKey(tx, name);
  if (key === null) throw invalid();
  const why = judgeKeyUse(key, address);
  if (why !== null) throw invalid(why);
  return key;
}

/** Every use of a key is in the audit log, taken or refused. */
export function keyUsed(
  id: EnrollmentKeyId,
  use: Pick<Origin, 'orgId' | 'requestId' | 'address'> & {
    readonly outcome: string;
    readonly details: AuditEntry['details'];
  },
): AuditEntry {
  const { orgId, requestId, address, outcome, details } = use;
  return {
    orgId,
    actor: `enrollment:${id}`,
    action: 'enrollment_key.used',
    subject: `enrollment:${id}`,
    outcome,
    requestId,
    details: { ...details, address },
  };
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
