import type { JsonObject } from '@sagewai/translate';

import { ProjectContext } from '../context/project-context.ts';
import { pause } from '../pause.ts';
import { readEvents } from '../read-events.ts';
import { retryDelayMs } from '../retry.ts';
import type { ModelTurn } from './chat.ts';
import type { ModelEndpoint } from './inference.ts';
import { codeOfStatus, ModelCallError } from './model-call-error.ts';
import { type ModelRequest, readTurn, toChatRequest, TurnCollector } from './model-wire.ts';
import { toWire, type Wire } from './wire-formats.ts';

export interface Calling {
  readonly agent: string;
  readonly signal: AbortSignal;
  readonly tag: string | null;
  readonly timeoutMs: number;
  readonly attemptsMax: number;
  /** Called with each piece of text; the answer is streamed when it is there. */
  readonly onText?: ((text: string) => void) | undefined;
}

/** A longer answer is none that a model gives. */
const ANSWER_BYTES_MAX = 32_000_000;
const RETRY_AFTER_MS_MAX = 60_000;
/** Nothing was sent that could be charged. */
const NEVER_CONNECTED: ReadonlySet<string> = new Set([
  'ECONNREFUSED',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'UND_ERR_CONNECT_TIMEOUT',
]);

/** One model call. Repeated while that may help, and not once a piece of the answer was passed on. */
export async function callModel(
  endpoint: ModelEndpoint,
  request: ModelRequest,
  calling: Calling,
): Promise<ModelTurn> {
  let hasSpoken = false;
  let mayBeCharged = false;
  const { onText, signal } = calling;
  const speak = (text: string): void => {
    hasSpoken = true;
    onText?.(text);
  };
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await callOnce(endpoint, request, { ...calling, onText: onText && speak });
    } catch (thrown) {
      if (signal.aborted) throw signal.reason;
      if (thrown instanceof ModelCallError) mayBeCharged ||= thrown.mayBeCharged;
      if (hasSpoken || attempt >= calling.attemptsMax || !mayRepeat(thrown)) {
        throw mayBeCharged ? afterLoss(thrown) : thrown;
      }
      await pause(retryDelayMs(attempt, thrown.retryAfterMs, Math.random()), signal);
    }
  }
}

/** A refusal says nothing of a try before it that broke off. */
function afterLoss(thrown: unknown): unknown {
  if (!(thrown instanceof ModelCallError) || thrown.mayBeCharged) return thrown;
  const { message, code, status, requestId, retryAfterMs } = thrown;
  return new ModelCallError(message, {
    code,
    status,
    requestId,
    retryAfterMs,
    mayBeCharged: true,
    cause: thrown,
  });
}

const mayRepeat = (thrown: unknown): thrown is ModelCallError =>
  thrown instanceof ModelCallError &&
  thrown.retryable &&
  (thrown.retryAfterMs ?? 0) <= RETRY_AFTER_MS_MAX;

async function callOnce(
  endpoint: ModelEndpoint,
  request: ModelRequest,
  { agent, signal, timeoutMs, onText, tag }: Calling,
): Promise<ModelTurn> {
  const isStreamed = onText !== undefined;
  const { host } = new URL(endpoint.url);
  const chat = toChatRequest(request, { model: endpoint.model, isStreamed });
  const wire = await toWire(endpoint, chat, { isStreamed, createdAt: Date.now() / 1_000 });
  const late = AbortSignal.timeout(timeoutMs);
  try {
    const response = await fetch(wire.url, {
      method: 'POST',
      redirect: 'manual',
      headers: {
        'content-type': 'application/json',
        ...wire.headers,
        ...(endpoint.isNamed ? projectHeaders(agent) : {}),
        // Nobody else is told what the steps of a run are called.
        ...(endpoint.isGateway && tag !== null ? { 'x-sagewai-tags': tag } : {}),
      },
      body: JSON.stringify(wire.body),
      signal: AbortSignal.any([signal, late]),
    });
    if (!response.ok) throw await failureOf(response, host);
    const turn = onText
      ? await readStream(response, wire, { onText, host, model: endpoint.model })
      : readTurn(wire.toChat(await readJson(response, host)), endpoint.model);
    if (turn === null) throw unreadable(host, response);
    return { ...turn, costUsd: costOf(response) };
  } catch (cause) {
    if (cause instanceof ModelCallError) throw cause;
    if (signal.aborted) throw signal.reason;
    if (late.aborted) {
      const message = `no answer from ${host} within ${timeoutMs / 1_000} s`;
      throw new ModelCallError(message, { code: 'timeout', status: 0, cause });
    }
    const reason = reasonOf(cause);
    throw new ModelCallError(`no answer from ${host}${reason === null ? '' : ` (${reason})`}`, {
      code: 'unreachable',
      status: 0,
      mayBeCharged: reason === null || !NEVER_CONNECTED.has(reason),
      cause,
    });
  }
}

async function readStream(
  response: Response,
  wire: Wire,
  of: { readonly onText: (text: string) => void; readonly host: string; readonly model: string },
): Promise<ModelTurn | null> {
  const collector = new TurnCollector(of.model);
  const take = (event: JsonObject | null): void => {
    const message = event === null ? undefined : (event['error'] as { message?: unknown })?.message;
    if (typeof message === 'string') {
      throw new ModelCallError(`${of.host} broke off: ${message.slice(0, 500)}`, {
        code: 'unavailable',
        status: response.status,
        requestId: requestIdOf(response),
      });
    }
    for (const chunk of wire.toChunks(event)) {
      const text = collector.push(chunk);
      if (text !== '') of.onText(text);
    }
  };
  for await (const { data } of readEvents(bounded(response))) {
    if (data !== '[DONE]') take(parse(data, of.host, response));
  }
  take(null);
  if (!collector.isEnded) throw unreadable(of.host, response);
  return collector.turn();
}

async function readJson(response: Response, host: string): Promise<JsonObject> {
  return parse(await readText(response), host, response);
}

async function readText(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const bytes of bounded(response)) text += decoder.decode(bytes, { stream: true });
  return text;
}

async function* bounded(response: Response): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  const body: AsyncIterable<Uint8Array> | null = response.body;
  if (body === null) return;
  for await (const bytes of body) {
    length += bytes.length;
    if (length > ANSWER_BYTES_MAX) throw new RangeError('the answer has no end');
    yield bytes;
  }
}

function parse(text: string, host: string, response: Response): JsonObject {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as JsonObject;
  } catch {
    // Told below, with who said it.
  }
  throw unreadable(host, response);
}

/** A call within a project context says so; elsewhere nobody counts it. */
function projectHeaders(agent: string): Record<string, string> {
  const context = ProjectContext.find();
  if (context === undefined) return {};
  return {
    'x-sagewai-context': context.header,
    'x-project-id': context.projectId,
    // A header holds no other signs.
    'x-sagewai-agent': agent.replaceAll(/[^\x20-\x7e]/g, '?'),
  };
}

async function failureOf(response: Response, host: string): Promise<ModelCallError> {
  const { status } = response;
  const { message, type } = readError(await readText(response).catch(() => ''));
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const why = message === '' ? '' : `: ${message}`;
  return new ModelCallError(`${host} refused the call with ${status}${why}`, {
    code: codeOfStatus(status, type),
    status,
    requestId: requestIdOf(response),
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : null,
  });
}

function readError(text: string): { message: string; type: string } {
  try {
    const body = JSON.parse(text) as { error?: unknown; detail?: unknown };
    const error = (body.error ?? {}) as { message?: unknown; type?: unknown };
    const message = [error.message, body.error, body.detail].find((one) => typeof one === 'string');
    return {
      message: typeof message === 'string' ? message.slice(0, 500) : '',
      type: typeof error.type === 'string' ? error.type : '',
    };
  } catch {
    return { message: text.slice(0, 200).trim(), type: '' };
  }
}

const unreadable = (host: string, response: Response): ModelCallError =>
  new ModelCallError(`${host} answered something that is no completion`, {
    code: 'unreadable',
    status: response.status,
    requestId: requestIdOf(response),
  });

const requestIdOf = ({ headers }: Response): string | null =>
  headers.get('x-request-id') ?? headers.get('request-id') ?? headers.get('x-litellm-call-id');

function costOf({ headers }: Response): number | null {
  const text = headers.get('x-litellm-response-cost');
  const cost = text === null || text.trim() === '' ? Number.NaN : Number(text);
  return Number.isFinite(cost) && cost >= 0 ? cost : null;
}

function reasonOf(cause: unknown): string | null {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code: unknown = 'code' in error ? error.code : undefined;
    if (typeof code === 'string') return code;
    if (error instanceof RangeError) return error.message;
  }
  return null;
}
