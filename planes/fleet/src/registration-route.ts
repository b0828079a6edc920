import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, implementOwn, isAllowed, type RequestHead, type Route } from '@sagewai/http';
import { findCredential, findOrganizationId, listOrganizationIds } from '@sagewai/identity';
import { inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  type EnrollmentKeyId,
  type OrganizationId,
  PROBLEMS,
  registerWorker as endpoint,
  type WorkerId,
} from '@sagewai/wire';

import { plainAddress } from './allows-address.ts';
import { demandNotEnded, workerOf } from './calling-worker.ts';
import { findLeasesOf, takeBack } from './leases.sql.ts';
import type { FleetParts } from './parts.ts';
import {
  invalid,
  type KeyName,
  keyUsed,
  type Origin,
  registerAgain,
  type Registered,
  registerWorker,
  type Registration,
} from './register-worker.ts';
import { sessionToWire, type WireSession } from './session-to-wire.ts';
import { readFleetSettings } from './settings.sql.ts';
import { readWorkerToken, WORKER_TOKEN_PREFIX } from './worker-token.ts';
import { ENROLLMENT_KEY_KIND } from './worker.ts';

interface Answer extends WireSession {
  readonly organization_id: string;
  readonly worker_secret: string;
  readonly reason: string | null;
  readonly dropped_models: string[];
}

/**
 * Registers by what the worker shows, in this order: an enrollment key (header, then body), a worker
 * token in the same place or as its bearer, an access token, or nothing.
 */
export function registrationRoute(parts: FleetParts): Route {
  return implementOwn(endpoint, async ({ body, caller, request }): Promise<Answer> => {
    const shown = header(request, 'x-enrollment-key') ?? body.enrollment_key;
    parts.gate.enter(request.ip, shown);
    if (shown?.startsWith(WORKER_TOKEN_PREFIX) === true) {
      const read = readWorkerToken(parts.workerTokenKey, shown, parts.clock.now());
      if (read.kind !== 'valid' || read.claims.sessionEpoch !== null) throw invalid();
      return again(parts, read.claims.workerId, request);
    }
    const known = workerOf(caller);
    if (shown === undefined && known !== null) {
      if (!known.opensSessions) throw mayNotRegister();
      return again(parts, known.record.id, request);
    }
    const key = shown === undefined ? null : await findKey(parts, shown);
    const orgId = key?.orgId ?? (await organizationFor(parts, body, { caller, request }));
    const origin = {
      orgId,
      actor: nameActor(caller),
      requestId: request.id,
      project: header(request, 'x-project-id'),
      undecidedMax: parts.settings.undecidedWorkersMax,
      address: plainAddress(request.ip),
      key,
    };
    try {
      const registered = await inTenant(parts.db, [orgId], async (tx) => {
        const { openRegistration, registrationsPerSecond } = await readFleetSettings(tx, orgId);
        if (shown !== undefined) parts.gate.learn(shown, orgId, registrationsPerSecond);
        if (key === null && caller.kind === 'anonymous') {
          if (!(openRegistration ?? parts.settings.openRegistration)) throw closed();
        }
        return registerWorker(tx, body, origin);
      });
      return await toAnswer(parts, registered);
    } catch (thrown) {
      if (key !== null) await noteRefusedUse(parts, key.id, origin, thrown);
      throw thrown;
    }
  });
}

/** The registration was rolled back, and with it whatever it said: a refused use is told by itself. */
async function noteRefusedUse(
  { db }: FleetParts,
  keyId: EnrollmentKeyId,
  origin: Origin,
  thrown: unknown,
): Promise<void> {
  if (!(thrown instanceof Fault) || PROBLEMS[thrown.code].status >= 500) return;
  const details = { reason: thrown.detail };
  const use = keyUsed(keyId, { ...origin, outcome: thrown.code, details });
  await inTenant(db, [origin.orgId], (tx) => appendAudit(tx, use));
}

async function findKey(
  { db }: FleetParts,
  key: string,
): Promise<KeyName & { readonly orgId: OrganizationId }> {
  const hash = hashToken(key);
  const found = await findCredential(db, { kind: ENROLLMENT_KEY_KIND, hash });
  if (found === null) throw invalid();
  return { id: found.id as EnrollmentKeyId, hash, orgId: found.orgId };
}

/** A worker that is known starts anew: a new session and a new secret; what is recorded of it stays (F3). */
async function again(parts: FleetParts, workerId: WorkerId, request: RequestHead): Promise<Answer> {
  const record = await parts.directory.find(workerId);
  if (record === null) throw invalid();
  demandNotEnded(record);
  const { orgId } = record.capabilities;
  const { secret, sessionEpoch, taken } = await inTenant(parts.db, [orgId], async (tx) => {
    const opened = await registerAgain(tx, { id: workerId, orgId }, request.id);
    const leases = await findLeasesOf(tx, record.num, opened.sessionEpoch);
    const why = 'the worker started anew';
    return { ...opened, taken: await takeBack(tx, leases, { why, counts: true }) };
  });
  parts.afterTakenBack(taken);
  return toAnswer(parts, { workerId, secret, reason: null, dropped: [] }, sessionEpoch);
}

/** The session is the one that was opened here, not the newest: another process may have come since. */
async function toAnswer(
  parts: FleetParts,
  { workerId, secret, reason, dropped }: Registered,
  sessionEpoch?: bigint,
): Promise<Answer> {
  if (sessionEpoch !== undefined) parts.afterDecided(workerId);
  const record = await parts.directory.find(workerId);
  if (record === null) throw new Error(`worker ${workerId} is not there after its registration`);
  return {
    ...sessionToWire(parts, sessionEpoch === undefined ? record : { ...record, sessionEpoch }),
    organization_id: record.capabilities.orgId,
    worker_secret: secret,
    reason,
    dropped_models: [...dropped],
  };
}

/** The one that is named, else the token's, else the only one. */
async function organizationFor(
  { db, settings }: FleetParts,
  { organization }: Registration,
  { caller, request }: { caller: Caller; request: RequestHead },
): Promise<OrganizationId> {
  if (caller.kind !== 'anonymous' && !isAllowed('fleet:register', caller)) throw mayNotRegister();
  const named = organization ?? header(request, 'x-organization');
  const own = caller.scopes.has('platform') ? null : caller.orgId;
  if (named === undefined) {
    const only = own ?? caller.orgId ?? (await onlyOrganization(db));
    if (only !== null) return only;
    throw new Fault('organization.required', 'the registration names no organization', {
      detail: 'Say which organization in the header X-Organization.',
    });
  }
  const found = await findOrganizationId(db, named);
  if (found !== null && (own === null || own === found)) return found;
  // To a stranger, closed and missing look the same.
  if (caller.kind === 'anonymous' && !settings.openRegistration) throw closed();
  throw new Fault('organization.missing', 'the registration names an unknown organization');
}

async function onlyOrganization(db: FleetParts['db']): Promise<OrganizationId | null> {
  const [only, another] = await listOrganizationIds(db, { limit: 2 });
  return only !== undefined && another === undefined ? only : null;
}

function header({ headers }: RequestHead, name: string): string | undefined {
  const value = headers[name];
  const text = Array.isArray(value) ? value[0] : value;
  return text === '' ? undefined : text;
}

function closed(): Fault {
  return new Fault('caller.unknown', 'the organization allows no open registration', {
    detail: 'Authentication required: show an enrollment key or an access token.',
  });
}

function mayNotRegister(): Fault {
  return new Fault('caller.forbidden', 'the credential may not register workers', {
    detail: 'This credential may not register workers.',
  });
}
