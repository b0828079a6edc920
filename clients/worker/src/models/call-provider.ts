import { randomUUID } from 'node:crypto';

import { type CallOutput, SagewaiError } from '@sagewai/sdk';

import { currentCredentials } from '../credentials/run-scope.ts';
import type { ModelRoute } from './choose-route.ts';
import type { ModelCallerOptions } from './create-model-caller.ts';
import type { ModelAnswer, ModelRequest } from './model-call.ts';
import { ModelCallFailed, postChat } from './post-chat.ts';

/** An agent that names no limit may use this many output tokens in one call of the worker's own. */
const OUTPUT_TOKENS_MAX = 4_096;
const SETTLE_MS = 10_000;

type Direct = Extract<ModelRoute, { kind: 'direct' }>;

/**
 * A call with the worker's own credential: reserves before, settles after. A call that broke off may
 * have been charged, so its reservation is left to expire as spent; one that was refused was not.
 */
export async function callProvider(
  options: ModelCallerOptions,
  request: ModelRequest,
  route: Direct,
): Promise<ModelAnswer> {
  const capped = withCap(request, route.provider);
  const { timeout } = currentCredentials().inference_overrides ?? {};
  const target = { ...route, timeoutMs: timeout === undefined ? null : timeout * 1_000 };
  const { reservation_id: reservationId } = await reserve(options, capped, route.pricedAs);
  const startedAt = performance.now();
  try {
    const { sendToProvider: send, signal, redact } = options;
    const chat = { ...capped, model: route.model };
    const answer = await postChat(target, chat, { send, signal, redact });
    await settle(options, reservationId, {
      input_tokens: answer.inputTokens,
      output_tokens: answer.outputTokens,
      duration_ms: Math.round(performance.now() - startedAt),
    });
    return answer;
  } catch (thrown) {
    if (thrown instanceof ModelCallFailed && thrown.status >= 400) {
      await settle(options, reservationId, { input_tokens: 0, output_tokens: 0, failed: true });
    }
    throw thrown;
  }
}

/** What is reserved is what the provider may use: a request without a limit is sent with ours. */
function withCap(request: ModelRequest, provider: Direct['provider']): ModelRequest {
  if (outputMaxOf(request) !== null) return request;
  // OpenAI's newer models refuse the older name; Ollama knows no other.
  const name = provider === 'openai' ? 'max_completion_tokens' : 'max_tokens';
  return { ...request, parameters: { ...request.parameters, [name]: OUTPUT_TOKENS_MAX } };
}

function outputMaxOf({ parameters }: ModelRequest): number | null {
  const asked = parameters['max_completion_tokens'] ?? parameters['max_tokens'];
  return typeof asked === 'number' && Number.isSafeInteger(asked) && asked >= 0 ? asked : null;
}

function reserve(
  { client, lease, signal }: ModelCallerOptions,
  request: ModelRequest,
  model: string,
): Promise<CallOutput<'fleet.reserveForRun'>> {
  const choices = typeof request.parameters['n'] === 'number' ? request.parameters['n'] : 1;
  return client.call(
    'fleet.reserveForRun',
    {
      params: { run_id: lease.runId },
      body: {
        epoch: lease.epoch,
        model,
        // A token is at least one byte.
        input_tokens_max: Buffer.byteLength(JSON.stringify([request.messages, request.parameters])),
        output_tokens_max: (outputMaxOf(request) ?? OUTPUT_TOKENS_MAX) * Math.max(1, choices),
      },
    },
    // Asked again after a lost answer, it holds what it held: nothing is reserved twice.
    { signal, idempotencyKey: randomUUID() },
  );
}

/**
 * Not stopped with the run: what was used is told also when nobody wants the answer any more. When the
 * server cannot be told, the answer still counts, and the reservation expires as spent.
 */
async function settle(
  { client, lease }: ModelCallerOptions,
  reservationId: string,
  used: { input_tokens: number; output_tokens: number; duration_ms?: number; failed?: boolean },
): Promise<void> {
  const params = { run_id: lease.runId, reservation_id: reservationId };
  const body = { epoch: lease.epoch, ...used };
  const options = { attemptsMax: 3, timeoutMs: SETTLE_MS };
  try {
    await client.call('fleet.settleForRun', { params, body }, options);
  } catch (thrown) {
    if (!(thrown instanceof SagewaiError && thrown.retryable)) throw thrown;
  }
}
