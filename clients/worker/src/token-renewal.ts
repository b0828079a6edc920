import type { CallOutput } from '@sagewai/sdk';
import { createWorkerRenewals, proveWorker } from '@sagewai/sdk/node';

import type { HeartbeatStart } from './heartbeat.ts';

/** A renewal that was not answered is asked for again with the next heartbeat, not at once. */
const DUE_MS_MIN = 100;

export interface TokenRenewal {
  /** For the next heartbeat that shows this token: the proof, once a new token is due. */
  headers(token: string): Readonly<Record<string, string>>;
  learn(answer: CallOutput<'fleet.heartbeat'>): void;
  /** Infinity for a token that the server renews unasked. */
  dueInMs(): number;
}

/** Asks for the next token of a session that is bound to the worker's key pair. */
export function createTokenRenewal(
  { renewing, workerId }: Pick<HeartbeatStart, 'renewing' | 'workerId'>,
  onUnkept: (why: string) => void,
): TokenRenewal {
  if (renewing === null) {
    return { headers: () => ({}), learn: () => undefined, dueInMs: () => Infinity };
  }
  const { privateKey, store, holder } = renewing;
  const renewals = createWorkerRenewals({ store, workerId, holder });
  let dueAt = performance.now() + renewing.inMs;
  let isUnkept = false;
  return {
    headers: (credential) => {
      if (performance.now() < dueAt) return {};
      try {
        const next = renewals.next();
        isUnkept = false;
        if (next === null) return {};
        return proveWorker({ privateKey }, { endpoint: 'fleet.heartbeat', credential, ...next });
      } catch (error) {
        const { code, message } = error as NodeJS.ErrnoException;
        if (!isUnkept) onUnkept(code ?? message);
        isUnkept = true;
        return {};
      }
    },
    learn: ({ token, generation, token_renew_in_ms: inMs }) => {
      if (token === undefined || generation === undefined) return;
      renewals.answered(generation);
      dueAt = performance.now() + (inMs ?? renewing.inMs);
    },
    dueInMs: () => {
      const leftMs = dueAt - performance.now();
      return leftMs > 0 ? Math.max(DUE_MS_MIN, leftMs) : Infinity;
    },
  };
}
