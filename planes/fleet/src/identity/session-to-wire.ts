import { newId } from '@sagewai/crypto';
import type { WorkerScope, WorkerState } from '@sagewai/wire';

import type { FleetParts } from '../parts.ts';
import type { CallingWorker, TokenBinding, WorkerRecord } from '../workers/worker.ts';
import { isHalfSpent, mintWorkerToken } from './worker-token.ts';

type Minting = Pick<FleetParts, 'clock' | 'settings' | 'workerTokenKey'>;

export interface WireSession {
  readonly worker_id: string;
  readonly status: WorkerState;
  readonly capabilities: {
    models: string[];
    pool: string;
    labels: Record<string, string>;
    max_concurrent: number;
  };
  readonly session_epoch: number;
  readonly token: string;
  readonly token_expires_at: string;
  readonly heartbeat_interval_ms: number;
  readonly token_renew_in_ms: number;
  readonly generation?: number;
}

export interface Granted {
  readonly scopes: readonly WorkerScope[];
  readonly binding: TokenBinding | null;
}

/** A session as its worker gets it, with a fresh token. */
export function sessionToWire(parts: Minting, record: WorkerRecord, granted: Granted): WireSession {
  const { pool, labels } = record.capabilities;
  return {
    worker_id: record.id,
    status: record.state,
    capabilities: {
      models: [...record.models],
      pool,
      labels: { ...labels },
      max_concurrent: record.maxConcurrent,
    },
    session_epoch: Number(record.sessionEpoch),
    heartbeat_interval_ms: parts.settings.heartbeatIntervalMs,
    ...mint(parts, record, granted),
  };
}

/** The next token of a session that is bound to no key pair, once the one in use is half spent. */
export function renewedToken(
  parts: Minting,
  { record, sessionEpoch, scopes, token }: CallingWorker,
): Partial<WireToken> {
  if (token === null || token.binding !== null || !isHalfSpent(token, parts.clock.now())) return {};
  return mint(parts, { ...record, sessionEpoch }, { scopes: [...scopes], binding: null });
}

type WireToken = Pick<
  WireSession,
  'token' | 'token_expires_at' | 'token_renew_in_ms' | 'generation'
>;

export function mint(
  { clock, settings, workerTokenKey }: Minting,
  { id, capabilities, sessionEpoch }: WorkerRecord,
  { scopes, binding }: Granted,
): WireToken {
  const issuedAt = clock.now();
  const expiresAt = new Date(issuedAt.getTime() + settings.workerTokenTtlMs);
  const token = mintWorkerToken(workerTokenKey, {
    workerId: id,
    orgId: capabilities.orgId,
    pool: capabilities.pool,
    scopes,
    tokenId: newId(),
    sessionEpoch,
    binding,
    issuedAt,
    expiresAt,
  });
  return {
    token,
    token_expires_at: expiresAt.toISOString(),
    token_renew_in_ms: Math.floor(settings.workerTokenTtlMs / 2),
    ...(binding === null ? {} : { generation: Number(binding.generation) }),
  };
}
