import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { ANONYMOUS, type Caller, type CredentialReader, type RequestHead } from '@sagewai/http';
import { findCredential } from '@sagewai/identity';
import type { Db } from '@sagewai/postgres';
import type { WorkerId, WorkerScope } from '@sagewai/wire';

import { readRegistrationToken } from '../enrollment/registration-token.ts';
import type { WorkerDirectory } from '../workers/worker-directory.ts';
import { type CallingWorker, WORKER_SECRET_KIND, type WorkerRecord } from '../workers/worker.ts';
import { demandNotEnded } from './calling-worker.ts';
import { FINDINGS } from './enforcement.ts';
import { proofRequired } from './prove.ts';
import { readWorkerToken, WORKER_TOKEN_PREFIX, type WorkerClaims } from './worker-token.ts';

export interface CredentialReaderOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly directory: WorkerDirectory;
  readonly tokenKey: KeyObject;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
/** Where a worker's secret is shown together with a proof of its key. */
const PROVING: readonly string[] = ['fleet.openWorkerSession', 'fleet.registerWorker'];
const BEARER = /^bearer +/i;

/** Reads a worker's token, or its id and secret. */
export function createWorkerCredentialReader(options: CredentialReaderOptions): CredentialReader {
  const { clock, directory, tokenKey } = options;
  return {
    read: ({ headers, endpoint, peerThumbprint }) => {
      const bearer = headers.authorization?.replace(BEARER, '');
      if (bearer?.startsWith(WORKER_TOKEN_PREFIX) === true) {
        const read = readWorkerToken(tokenKey, bearer, clock.now());
        if (readRegistrationToken(tokenKey, bearer, clock.now()) !== null) {
          // It is no worker's yet; the registration itself looks at what it allows.
          if (endpoint.id === 'fleet.registerWorker') return ANONYMOUS;
          throw unknown('This token registers workers; it opens no session and claims nothing.');
        }
        if (read.kind === 'expired') throw unknown('The worker token has expired.');
        if (read.kind === 'forged') throw unknown('Invalid worker credential');
        const shown = { credential: bearer, endpoint, peerThumbprint };
        const record = directory.find(read.claims.workerId);
        return record instanceof Promise
          ? record.then((found) => byToken(found, read.claims, shown))
          : byToken(record, read.claims, shown);
      }
      const id = single(headers['x-worker-id']);
      if (id === undefined) return null;
      const secret = single(headers['x-worker-secret']);
      return bySecret(options, { id, secret, endpoint, peerThumbprint });
    },
  };
}

/** How a credential was shown. */
type Shown = Pick<RequestHead, 'endpoint' | 'peerThumbprint'>;

/** A token gives no more than its worker may do. */
export function scopesOf(claims: WorkerClaims, record: WorkerRecord): ReadonlySet<WorkerScope> {
  return new Set(claims.scopes.filter((scope) => record.scopes.includes(scope)));
}

function byToken(
  record: WorkerRecord | null,
  claims: WorkerClaims,
  { credential, ...shown }: Shown & { readonly credential: string },
): Caller {
  if (record === null || record.capabilities.orgId !== claims.orgId) {
    throw unknown('Invalid worker credential');
  }
  const { binding, sessionEpoch } = claims;
  // A key pair that is not the worker's any more.
  if (binding !== null && binding.thumbprint !== record.keyThumbprint) {
    throw unknown('The worker token is bound to another key pair.');
  }
  const opensSessions = sessionEpoch === null;
  return toCaller(
    {
      record,
      sessionEpoch: sessionEpoch ?? record.sessionEpoch,
      scopes: scopesOf(claims, record),
      opensSessions,
      credential,
      token: opensSessions ? null : claims,
    },
    shown,
  );
}

async function bySecret(
  { db, directory }: CredentialReaderOptions,
  { id, secret, ...shown }: Shown & { readonly id: string; readonly secret: string | undefined },
): Promise<Caller> {
  if (secret === undefined || !UUID.test(id)) throw unknown('Worker credential required');
  const credential = await findCredential(db, {
    kind: WORKER_SECRET_KIND,
    hash: hashToken(secret),
  });
  if (credential?.id !== id.toLowerCase()) throw unknown('Invalid worker credential');
  const record = await directory.find(credential.id as WorkerId);
  if (record === null) throw unknown('Invalid worker credential');
  const { sessionEpoch } = record;
  return toCaller(
    {
      record,
      sessionEpoch,
      scopes: new Set(record.scopes),
      opensSessions: true,
      credential: secret,
      token: null,
    },
    shown,
  );
}

function toCaller(worker: CallingWorker, { endpoint, peerThumbprint }: Shown): Caller {
  const { record } = worker;
  demandNotEnded(record);
  // Whoever connected has proved a key: it must be the worker's, on every request.
  if (peerThumbprint !== undefined && peerThumbprint !== record.keyThumbprint) {
    throw unknown('The certificate of this connection is not of the key of this worker.');
  }
  if (!PROVING.includes(endpoint.id) && worker.token?.binding == null) {
    if (record.enforcement === 'strict') throw proofRequired(FINDINGS.unbound_call);
    // A token may be issued for a worker with a key pair; its secret alone proves nothing.
    if (record.keyThumbprint !== null && !worker.credential.startsWith(WORKER_TOKEN_PREFIX)) {
      throw proofRequired('open a session with it, and call with the token of the session');
    }
  }
  return {
    kind: 'worker',
    id: record.id,
    name: record.name,
    orgId: record.capabilities.orgId,
    projectId: record.capabilities.projectId,
    scopes: new Set(),
    detail: worker,
  };
}

function unknown(detail: string): Fault {
  return new Fault('caller.unknown', 'not a worker credential of ours', { detail });
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
