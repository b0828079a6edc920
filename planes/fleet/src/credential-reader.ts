import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import { hashToken } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Caller, CredentialReader } from '@sagewai/http';
import { findCredential } from '@sagewai/identity';
import type { Db } from '@sagewai/postgres';
import { WORKER_SCOPES, type WorkerId } from '@sagewai/wire';

import { demandNotEnded } from './calling-worker.ts';
import type { WorkerDirectory } from './worker-directory.ts';
import { readWorkerToken, WORKER_TOKEN_PREFIX, type WorkerClaims } from './worker-token.ts';
import { type CallingWorker, WORKER_SECRET_KIND, type WorkerRecord } from './worker.ts';

export interface CredentialReaderOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly directory: WorkerDirectory;
  readonly tokenKey: KeyObject;
}

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const BEARER = /^bearer +/i;

/** Reads a worker's token, or its id and secret. */
export function createWorkerCredentialReader(options: CredentialReaderOptions): CredentialReader {
  const { clock, directory, tokenKey } = options;
  return {
    read: ({ headers }) => {
      const bearer = headers.authorization?.replace(BEARER, '');
      if (bearer?.startsWith(WORKER_TOKEN_PREFIX) === true) {
        const read = readWorkerToken(tokenKey, bearer, clock.now());
        if (read.kind === 'expired') throw unknown('The worker token has expired.');
        if (read.kind === 'forged') throw unknown('Invalid worker credential');
        const record = directory.find(read.claims.workerId);
        return record instanceof Promise
          ? record.then((found) => byToken(found, read.claims))
          : byToken(record, read.claims);
      }
      const id = single(headers['x-worker-id']);
      if (id === undefined) return null;
      return bySecret(options, id, single(headers['x-worker-secret']));
    },
  };
}

function byToken(record: WorkerRecord | null, claims: WorkerClaims): Caller {
  if (record === null || record.capabilities.orgId !== claims.orgId) {
    throw unknown('Invalid worker credential');
  }
  return toCaller({
    record,
    sessionEpoch: claims.sessionEpoch ?? record.sessionEpoch,
    scopes: new Set(claims.scopes),
    opensSessions: claims.sessionEpoch === null,
    token: claims.sessionEpoch === null ? null : claims,
  });
}

async function bySecret(
  { db, directory }: CredentialReaderOptions,
  id: string,
  secret: string | undefined,
): Promise<Caller> {
  if (secret === undefined || !UUID.test(id)) throw unknown('Worker credential required');
  const credential = await findCredential(db, {
    kind: WORKER_SECRET_KIND,
    hash: hashToken(secret),
  });
  if (credential?.id !== id.toLowerCase()) throw unknown('Invalid worker credential');
  const record = await directory.find(credential.id as WorkerId);
  if (record === null) throw unknown('Invalid worker credential');
  return toCaller({
    record,
    sessionEpoch: record.sessionEpoch,
    scopes: new Set(WORKER_SCOPES),
    opensSessions: true,
    token: null,
  });
}

function toCaller(worker: CallingWorker): Caller {
  const { record } = worker;
  demandNotEnded(record);
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
