import type { Incoming, Send } from '@sagewai/sdk';

import type { Redact } from '../credentials/redact.ts';
import { RunFailed } from '../workflows/workflow.ts';
import type { ModelAnswer, ModelRequest } from './model-call.ts';
import { readCompletion } from './read-completion.ts';

export interface ChatTarget {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  /** How long one call may take; null: as long as it takes. */
  readonly timeoutMs: number | null;
}

export interface Sending {
  /** Follows no redirects: a credential is for the host it was given for. */
  readonly send: Send;
  readonly signal: AbortSignal;
  readonly redact: Redact;
}

interface FailureFields {
  /** 0: no answer arrived. */
  readonly status: number;
  /** The kind of error in the provider's words; empty when it has none. */
  readonly type?: string;
  readonly retryAfterMs?: number | null;
  readonly cause?: unknown;
}

/** A model call that gave no answer. The run may be worth another attempt when the provider is at fault. */
export class ModelCallFailed extends RunFailed {
  readonly status: number;
  readonly type: string;
  readonly retryAfterMs: number | null;

  constructor(message: string, { status, type = '', retryAfterMs = null, cause }: FailureFields) {
    super(message, { cause, retry: status === 0 || status >= 500 });
    this.name = 'ModelCallFailed';
    this.status = status;
    this.type = type;
    this.retryAfterMs = retryAfterMs;
  }
}

/** One chat completion, once. Error bodies are shortened: they become the reason of a failed run. */
export async function postChat(
  target: ChatTarget,
  request: ModelRequest,
  { send, signal, redact }: Sending,
): Promise<ModelAnswer> {
  const { host } = new URL(target.baseUrl);
  const { timeoutMs } = target;
  const late = timeoutMs === null ? null : AbortSignal.timeout(timeoutMs);
  const { parameters, model, messages } = request;
  let answer: Incoming;
  try {
    answer = await send({
      url: `${target.baseUrl}/chat/completions`,
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(target.apiKey ? { authorization: `Bearer ${target.apiKey}` } : {}),
      },
      // The workflow wants whole answers, whatever the agent's parameters say.
      body: JSON.stringify({ ...parameters, model, messages, stream: false }),
      signal: late === null ? signal : AbortSignal.any([signal, late]),
    });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    if (late?.aborted === true) {
      const waited = `no answer from ${host} within ${(timeoutMs ?? 0) / 1_000} s`;
      throw new ModelCallFailed(waited, { status: 0, cause });
    }
    throw new ModelCallFailed(`no answer from ${host}${reasonOf(cause)}`, { status: 0, cause });
  }
  if (answer.status < 200 || answer.status > 299) throw failureOf(answer, host, redact);
  const completion = readCompletion(answer.text, model);
  if (completion) return completion;
  throw new ModelCallFailed(`${host} answered something that is no completion`, { status: 502 });
}

function reasonOf(cause: unknown): string {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code: unknown = 'code' in error ? error.code : undefined;
    if (typeof code === 'string') return ` (${code})`;
  }
  return '';
}

function failureOf(
  { status, text, header }: Incoming,
  host: string,
  redact: Redact,
): ModelCallFailed {
  // Before it is shortened: half of a key would not be recognised.
  const { message, type } = readError(redact(text));
  const seconds = Number(header('retry-after') ?? Number.NaN);
  const why = message ? `: ${message}` : '';
  return new ModelCallFailed(`${host} refused the call with ${status}${why}`, {
    status,
    type,
    retryAfterMs: Number.isFinite(seconds) ? seconds * 1000 : null,
  });
}

function readError(text: string): { message: string; type: string } {
  try {
    const { error } = JSON.parse(text) as { error?: { message?: unknown; type?: unknown } };
    if (typeof error?.message === 'string') {
      const type = typeof error.type === 'string' ? error.type : '';
      return { message: error.message.slice(0, 500), type };
    }
  } catch {
    // Not JSON: its beginning says more than nothing.
  }
  return { message: text.slice(0, 200).trim(), type: '' };
}
