import { newId } from '@sagewai/crypto';
import { WORKER_SCOPES, type WorkerState } from '@sagewai/wire';

import type { FleetParts } from './parts.ts';
import { isHalfSpent, mintWorkerToken } from './worker-token.ts';
import type { CallingWorker, WorkerRecord } from './worker.ts';

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
}

/** A session as its worker gets it, with a fresh token. */
export function sessionToWire(parts: Minting, record: WorkerRecord): WireSession {
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
    ...mint(parts, record, record.sessionEpoch),
  };
}

/** The next token of a session whose token has passed half of its life. */
export function renewedToken(
  parts: Minting,
  { record, sessionEpoch, token }: CallingWorker,
): { token?: string; token_expires_at?: string } {
  if (token === null || !isHalfSpent(token, parts.clock.now())) return {};
  return mint(parts, record, sessionEpoch);
}

function mint(
  { clock, settings, workerTokenKey }: Minting,
  { id, capabilities }: WorkerRecord,
  sessionEpoch: bigint,
): { token: string; token_expires_at: string } {
  const issuedAt = clock.now();
  const expiresAt = new Date(issuedAt.getTime() + settings.workerTokenTtlMs);
  const token = mintWorkerToken(workerTokenKey, {
    workerId: id,
    orgId: capabilities.orgId,
    pool: capabilities.pool,
    scopes: WORKER_SCOPES,
    tokenId: newId(),
    sessionEpoch,
    issuedAt,
    expiresAt,
  });
  return { token, token_expires_at: expiresAt.toISOString() };
}
