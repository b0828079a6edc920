import { hashToken, jwkThumbprint } from '@sagewai/crypto';
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
} from '@sagewai/wire';

import { demandNotEnded, workerOf } from '../identity/calling-worker.ts';
import { scopesOf } from '../identity/credential-reader.ts';
import { enforceBinding } from '../identity/enforce-binding.ts';
import { type Finding, FINDINGS } from '../identity/enforcement.ts';
import { bindingOf, FIRST_GENERATION } from '../identity/open-session.ts';
import { proofRequired, readShownProof } from '../identity/prove.ts';
import { sessionToWire, type WireSession } from '../identity/session-to-wire.ts';
import { readWorkerToken, WORKER_TOKEN_PREFIX } from '../identity/worker-token.ts';
import type { FleetParts } from '../parts.ts';
import { readFleetSettings } from '../settings.sql.ts';
import { type CallingWorker, ENROLLMENT_KEY_KIND, type WorkerRecord } from '../workers/worker.ts';
import { plainAddress } from './allows-address.ts';
import { mayNotRegister, registerAgain } from './register-again.ts';
import {
  invalid,
  type KeyName,
  keyUsed,
  type Origin,
  type ProvedKeyPair,
  registerWorker,
  type Registration,
} from './register-worker.ts';
import { readRegistrationToken } from './registration-token.ts';

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
    const shown =
      header(request, 'x-enrollment-key') ?? body.enrollment_key ?? tokenOf(caller, request);
    parts.gate.enter(request.ip, shown);
    const known = shown === undefined ? workerOf(caller) : await workerOfToken(parts, shown);
    const credential = known?.credential ?? shown ?? bearer(request) ?? '';
    const keyPair = provedKeyPair(parts, body, { request, credential });
    if (known !== null) {
      const version = body.version ?? null;
      const again = { request, keyPair, version };
      const { record, binding, secret } = await registerAgain(parts, known, again);
      const scopes = [...known.scopes];
      return toAnswer(parts, record, { scopes, binding, secret, reason: null, dropped: [] });
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
      keyPair,
      key,
    };
    try {
      return await registerNew(parts, body, { ...origin, caller, shown });
    } catch (thrown) {
      if (key !== null) await noteRefusedUse(parts, key, { origin, thrown });
      throw thrown;
    }
  });
}

async function registerNew(
  parts: FleetParts,
  body: Registration,
  origin: Origin & { readonly caller: Caller; readonly shown: string | undefined },
): Promise<Answer> {
  const { orgId, key, keyPair, caller, shown, requestId } = origin;
  const isStranger = key === null && caller.kind === 'anonymous';
  const registered = await inTenant(parts.db, [orgId], async (tx) => {
    const settings = await readFleetSettings(tx, orgId);
    if (shown !== undefined) parts.gate.learn(shown, orgId, settings.registrationsPerSecond);
    if (isStranger && !(settings.openRegistration ?? parts.settings.openRegistration)) {
      throw closed();
    }
    const findings: Finding[] = [
      ...(isStranger ? (['no_credential'] as const) : []),
      ...(keyPair === null ? (['no_key_pair'] as const) : []),
    ];
    const mode = settings.enforcement;
    const subject = 'worker';
    const noted = enforceBinding(parts, { mode, findings, orgId, subject, requestId });
    const made = await registerWorker(tx, body, origin);
    if (noted !== null) {
      const named = `worker:${made.workerId}`;
      await appendAudit(tx, { ...noted, actor: named, subject: named });
    }
    return made;
  });
  const record = await parts.directory.find(registered.workerId);
  if (record === null) throw new Error(`worker ${registered.workerId} is not there`);
  const binding = bindingOf(keyPair?.thumbprint ?? null, FIRST_GENERATION);
  return toAnswer(parts, record, { ...registered, binding });
}

/** The public key that the worker declares, if it proves that it has the private one. */
function provedKeyPair(
  parts: FleetParts,
  { public_key: jwk }: Registration,
  { request, credential }: { readonly request: RequestHead; readonly credential: string },
): ProvedKeyPair | null {
  const { peerThumbprint } = request;
  if (jwk === undefined) {
    if (peerThumbprint !== undefined) throw proofRequired(FINDINGS.no_key_pair);
    return null;
  }
  const thumbprint = jwkThumbprint(jwk);
  if (peerThumbprint !== undefined && peerThumbprint !== thumbprint) {
    throw proofRequired('the certificate of its connection is of another key than it names');
  }
  const proof = readShownProof(parts, request, { publicKey: jwk.x, credential });
  if (proof === null) throw proofRequired('the registration names a public key');
  return { x: jwk.x, thumbprint, proofId: proof.id };
}

/** The registration was rolled back, and with it whatever it said: a refused use is told by itself. */
async function noteRefusedUse(
  { db }: FleetParts,
  key: KeyName,
  { origin, thrown }: { readonly origin: Origin; readonly thrown: unknown },
): Promise<void> {
  if (!(thrown instanceof Fault) || PROBLEMS[thrown.code].status >= 500) return;
  const details = { reason: thrown.detail };
  const use = keyUsed(key, { ...origin, outcome: thrown.code, details });
  await inTenant(db, [origin.orgId], (tx) => appendAudit(tx, use));
}

async function findKey(
  { db, workerTokenKey, clock }: FleetParts,
  shown: string,
): Promise<KeyName & { readonly orgId: OrganizationId }> {
  const hash = hashToken(shown);
  if (shown.startsWith(WORKER_TOKEN_PREFIX)) {
    const token = readRegistrationToken(workerTokenKey, shown, clock.now());
    if (token === null) throw invalid();
    return { ...token, hash };
  }
  const found = await findCredential(db, { kind: ENROLLMENT_KEY_KIND, hash });
  if (found === null) throw invalid();
  return { id: found.id as EnrollmentKeyId, hash, orgId: found.orgId };
}

/** The worker that a token was issued for; null: the text is no such token. */
async function workerOfToken(parts: FleetParts, shown: string): Promise<CallingWorker | null> {
  const read = readWorkerToken(parts.workerTokenKey, shown, parts.clock.now());
  if (read.kind !== 'valid') return null;
  const { claims } = read;
  if (claims.sessionEpoch !== null) throw invalid();
  const record = await parts.directory.find(claims.workerId);
  if (record === null) throw invalid();
  demandNotEnded(record);
  return {
    record,
    sessionEpoch: record.sessionEpoch,
    scopes: scopesOf(claims, record),
    opensSessions: true,
    credential: shown,
    token: null,
  };
}

/** The session is the one that was opened here, not the newest: another process may have come since. */
function toAnswer(
  parts: FleetParts,
  record: WorkerRecord,
  given: Parameters<typeof sessionToWire>[2] & {
    readonly secret: string;
    readonly reason: string | null;
    readonly dropped: readonly string[];
  },
): Answer {
  return {
    ...sessionToWire(parts, record, given),
    organization_id: record.capabilities.orgId,
    worker_secret: given.secret,
    reason: given.reason,
    dropped_models: [...given.dropped],
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

/** A registration token as the bearer; the bearers of others were read already. */
function tokenOf(caller: Caller, request: RequestHead): string | undefined {
  const text = caller.kind === 'anonymous' ? bearer(request) : undefined;
  return text?.startsWith(WORKER_TOKEN_PREFIX) === true ? text : undefined;
}

function bearer(request: RequestHead): string | undefined {
  return header(request, 'authorization')?.replace(/^bearer +/i, '');
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
