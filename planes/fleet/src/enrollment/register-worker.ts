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
  type WorkerScope,
} from '@sagewai/wire';

import { proofRequired } from '../identity/prove.ts';
import {
  findUnanswered,
  isBanned,
  useProof,
  type WorkerPublicKey,
} from '../identity/worker-keys.sql.ts';
import { POOL_DEFAULT } from '../runs/run.ts';
import { RESERVED_LABELS, SEAL_KEY_LABEL } from '../secrecy/seal-keys.ts';
import { noteVersion } from '../workers/versions.sql.ts';
import { WORKER_SECRET_KIND } from '../workers/worker.ts';
import { countUndecided, insertWorker } from '../workers/workers.sql.ts';
import { enrollWorker } from './enroll-worker.ts';
import { findEnrollmentKey, type ShownKey, useEnrollmentKey } from './enrollment-keys.sql.ts';
import { judgeKeyUse } from './judge-key-use.ts';

const SECRET_BYTES = 32;

/** What a worker calls itself and says that it can do. */
export type Registration = BodyOf<typeof endpoint>;

export interface ProvedKeyPair extends WorkerPublicKey {
  readonly proofId: string;
}

/** The key that is shown, by the value that was shown. */
export interface KeyName {
  readonly id: EnrollmentKeyId;
  readonly hash: Uint8Array;
}

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
  /** The worker's own, proved. */
  readonly keyPair: ProvedKeyPair | null;
  readonly key: KeyName | null;
}

export interface Registered {
  readonly workerId: WorkerId;
  readonly secret: string;
  readonly reason: string | null;
  readonly dropped: readonly string[];
  readonly scopes: readonly WorkerScope[];
}

/** Records a worker: approved when a key vouches for it, else pending. */
export async function registerWorker(
  tx: Tx,
  registration: Registration,
  origin: Origin,
): Promise<Registered> {
  const { orgId, keyPair } = origin;
  const { pool = POOL_DEFAULT, models = [], name = 'worker' } = registration;
  const declared = declarable(registration.labels ?? {});
  const sealKey = registration.seal_key;
  const labels = sealKey === undefined ? declared : { ...declared, [SEAL_KEY_LABEL]: sealKey };
  const projectId = await projectOf(tx, origin);
  if (keyPair !== null) await demandFreshKeyPair(tx, orgId, keyPair);
  const unanswered = await findLost(tx, origin, { name, pool, labels });
  const key = origin.key === null ? null : await demandUsable(tx, origin, unanswered !== null);
  const enrollment = enrollWorker({ pool, models, labels: declared }, key);
  const { reason, dropped, state } = enrollment;
  const scopes = key?.scopes ?? WORKER_SCOPES;
  if (unanswered !== null) {
    const secret = await giveSecret(tx, { workerId: unanswered, orgId });
    await appendAudit(tx, registered(unanswered, origin, { name, pool, again: true }));
    return { workerId: unanswered, secret, reason, dropped, scopes };
  }
  const vouching = enrollment.fits ? key : null;
  const isTaken = vouching === null || (await useEnrollmentKey(tx, vouching.id));
  if (!isTaken) throw invalid('it is used up');
  if (state === 'pending') await demandRoom(tx, origin);

  const workerId = newId<WorkerId>();
  await insertWorker(tx, {
    id: workerId,
    orgId,
    projectId,
    name,
    pool,
    models: enrollment.models,
    modelsCanonical: enrollment.modelsCanonical,
    labels,
    maxConcurrent: registration.max_concurrent ?? 1,
    state,
    reason,
    decidedBy: state === 'approved' ? 'enrollment-key' : null,
    enrolledBy: vouching?.id ?? null,
    scopes,
    key: keyPair,
  });
  if (registration.version !== undefined) await noteVersion(tx, workerId, registration.version);
  const secret = await giveSecret(tx, { workerId, orgId });
  await appendAll(tx, [
    ...(key === null ? [] : [keyUsed(key, { ...origin, outcome: 'ok', details: { state } })]),
    registered(workerId, origin, { name, pool, state, models: enrollment.models.join(',') }),
  ]);
  return { workerId, secret, reason, dropped, scopes };
}

/** The answer to this registration was lost, and it is made again. */
async function findLost(
  tx: Tx,
  { orgId, keyPair, key }: Origin,
  declared: {
    readonly name: string;
    readonly pool: string;
    readonly labels: Record<string, string>;
  },
): Promise<WorkerId | null> {
  if (keyPair === null) return null;
  const { thumbprint } = keyPair;
  return findUnanswered(tx, { ...declared, orgId, thumbprint, enrolledBy: key?.id ?? null });
}

function registered(
  workerId: WorkerId,
  { orgId, actor, key, requestId, address, keyPair }: Origin,
  details: AuditEntry['details'],
): AuditEntry {
  return {
    orgId,
    actor: key === null ? actor : `enrollment:${key.id}`,
    action: 'fleet.registerWorker',
    subject: `worker:${workerId}`,
    outcome: 'ok',
    requestId,
    details: { ...details, address, thumbprint: keyPair?.thumbprint ?? null },
  };
}

/** K3. A proof is good once; and a key pair that was banned never again. */
export async function demandFreshKeyPair(
  tx: Tx,
  orgId: OrganizationId,
  { proofId, thumbprint }: ProvedKeyPair,
): Promise<void> {
  if (!(await useProof(tx, { orgId, proofId }))) throw proofRequired('this one was used before');
  if (await isBanned(tx, { orgId, thumbprint })) {
    throw new Fault('worker.banned', `the key pair ${thumbprint} is banned`, {
      detail: 'The key pair of this worker is banned.',
    });
  }
}

/** A new secret in place of the old one, if there is one. */
export async function giveSecret(
  tx: Tx,
  { workerId, orgId }: { readonly workerId: WorkerId; readonly orgId: OrganizationId },
): Promise<string> {
  await dropCredential(tx, { kind: WORKER_SECRET_KIND, id: workerId });
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

/** `isCounted`: its use was taken before, and only the answer was lost. */
async function demandUsable(
  tx: Tx,
  { key: name, address }: Origin,
  isCounted: boolean,
): Promise<ShownKey> {
  const key = name === null ? null : await findEnrollmentKey(tx, name);
  if (key === null) throw invalid();
  const why = judgeKeyUse(isCounted ? { ...key, maxUses: null } : key, address);
  if (why !== null) throw invalid(why);
  return key;
}

/** Every use of a key is in the audit log, taken or refused. */
export function keyUsed(
  { id }: { readonly id: EnrollmentKeyId },
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

/** The project is never taken from a label, and a sealing key is one that was registered as such. */
function declarable(labels: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !RESERVED_LABELS.has(name)));
}
