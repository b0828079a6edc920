import { type CallOutput, retryDelayMs, type SagewaiClient } from '@sagewai/sdk';

import type { Lease } from '../lease.ts';
import { pause } from '../pause.ts';
import type { ProviderCredentials } from '../worker-options.ts';
import { chooseRoute, type ModelRoute } from './choose-route.ts';
import type { ModelAnswer, ModelCaller, ModelRequest } from './model-call.ts';
import { ModelCallFailed, postChat } from './post-chat.ts';

const ATTEMPTS_MAX = 8;
/** An agent that names no limit may use this many output tokens in one call of the worker's own. */
const OUTPUT_TOKENS_MAX = 4_096;

export interface ModelCallerOptions {
  readonly client: SagewaiClient;
  readonly lease: Lease;
  readonly credentials: ProviderCredentials;
  readonly signal: AbortSignal;
}

/**
 * Model calls of one run. Through the gateway they carry the run's token, and the gateway keeps the
 * budget. With the worker's own credential the budget is reserved before and settled after, under the
 * lease, and marked as declared by the worker.
 */
export function createModelCaller(options: ModelCallerOptions): ModelCaller {
  return async (request) => {
    const route = chooseRoute(request.model, options.credentials);
    const once = (): Promise<ModelAnswer> =>
      route.kind === 'gateway'
        ? callGateway(options, request)
        : callProvider(options, request, route);
    return withRetries(once, options.signal);
  };
}

function callGateway(
  { client, lease, signal }: ModelCallerOptions,
  request: ModelRequest,
): Promise<ModelAnswer> {
  return postChat({ baseUrl: `${client.url}/v1`, apiKey: lease.runToken }, request, signal);
}

async function callProvider(
  options: ModelCallerOptions,
  request: ModelRequest,
  route: Extract<ModelRoute, { kind: 'direct' }>,
): Promise<ModelAnswer> {
  const { signal } = options;
  const { reservation_id: reservationId } = await reserve(options, request);
  const startedAt = performance.now();
  try {
    const answer = await postChat(route, { ...request, model: route.model }, signal);
    await settle(options, reservationId, {
      input_tokens: answer.inputTokens,
      output_tokens: answer.outputTokens,
      duration_ms: Math.round(performance.now() - startedAt),
    });
    return answer;
  } catch (thrown) {
    // A refusal was not charged. What broke off may have been: its reservation expires as spent.
    if (thrown instanceof ModelCallFailed && thrown.status >= 400) {
      await settle(options, reservationId, { input_tokens: 0, output_tokens: 0, failed: true });
    }
    throw thrown;
  }
}

function reserve(
  { client, lease, signal }: ModelCallerOptions,
  { model, messages, parameters }: ModelRequest,
): Promise<CallOutput<'fleet.reserveForRun'>> {
  const asked = parameters['max_completion_tokens'] ?? parameters['max_tokens'];
  return client.call(
    'fleet.reserveForRun',
    {
      params: { run_id: lease.runId },
      body: {
        epoch: lease.epoch,
        model,
        // A token is at least one byte.
        input_tokens_max: Buffer.byteLength(JSON.stringify(messages)),
        output_tokens_max: typeof asked === 'number' ? asked : OUTPUT_TOKENS_MAX,
      },
    },
    { signal },
  );
}

function settle(
  { client, lease }: ModelCallerOptions,
  reservationId: string,
  used: { input_tokens: number; output_tokens: number; duration_ms?: number; failed?: boolean },
): Promise<CallOutput<'fleet.settleForRun'>> {
  return client.call(
    'fleet.settleForRun',
    {
      params: { run_id: lease.runId, reservation_id: reservationId },
      body: { epoch: lease.epoch, ...used },
    },
    { attemptsMax: 5 },
  );
}

/**
 * Repeats what may succeed later: a server that restarts, a provider that is overloaded, a rate that
 * refills within the wait the server names. A budget that is out for the day is not waited for.
 */
async function withRetries<T>(once: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await once();
    } catch (thrown) {
      const delayMs = thrown instanceof ModelCallFailed ? waitBefore(thrown, attempt) : null;
      if (delayMs === null || attempt >= ATTEMPTS_MAX) throw thrown;
      await pause(delayMs, signal);
    }
  }
}

const RATE_WAIT_MS_MAX = 65_000;

function waitBefore({ status, retryAfterMs }: ModelCallFailed, attempt: number): number | null {
  const temporary = status === 0 || status === 408 || status === 429 || status >= 500;
  if (!temporary) return null;
  if (retryAfterMs !== null && retryAfterMs > RATE_WAIT_MS_MAX) return null;
  return retryDelayMs(attempt, retryAfterMs, Math.random());
}
