import { retryDelayMs, SagewaiError } from '@sagewai/sdk';

import { pause } from '../pause.ts';
import { ModelCallFailed } from './post-chat.ts';

const ATTEMPTS_MAX = 8;
/** A rate refills within a minute; whoever asks for more wants to be asked another day. */
const RETRY_AFTER_MS_MAX = 65_000;

/**
 * Repeats a model call that may succeed later: a server that restarts, a provider that is overloaded, a
 * rate that refills. A budget that is used up is not waited for.
 */
export async function repeat<T>(once: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once();
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (attempt >= ATTEMPTS_MAX || !isTemporary(thrown)) throw thrown;
      await pause(retryDelayMs(attempt, thrown.retryAfterMs, Math.random()), signal);
    }
  }
}

function isTemporary(thrown: unknown): thrown is ModelCallFailed | SagewaiError {
  if (!(thrown instanceof ModelCallFailed || thrown instanceof SagewaiError)) return false;
  if ((thrown.retryAfterMs ?? 0) > RETRY_AFTER_MS_MAX) return false;
  if (thrown instanceof SagewaiError) return thrown.retryable && thrown.code !== 'budget.exceeded';
  const { status, type } = thrown;
  if (type === 'budget_exceeded' || type === 'insufficient_quota') return false;
  return status === 0 || status === 408 || status === 429 || status >= 500;
}
