import { RunFailed } from '../workflows/workflow.ts';
import type { ModelAnswer, ModelRequest } from './model-call.ts';
import { readCompletion } from './read-completion.ts';

export interface ChatTarget {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
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
  signal: AbortSignal,
): Promise<ModelAnswer> {
  const { host } = new URL(target.baseUrl);
  let response: Response;
  let text: string;
  try {
    response = await fetch(`${target.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(target.apiKey ? { authorization: `Bearer ${target.apiKey}` } : {}),
      },
      body: JSON.stringify({
        ...request.parameters,
        model: request.model,
        messages: request.messages,
        // The workflow wants whole answers, whatever the agent's parameters say.
        stream: false,
      }),
      // A credential is for the host it was given for.
      redirect: 'manual',
      signal,
    });
    text = await response.text();
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ModelCallFailed(`no answer from ${host}${reasonOf(cause)}`, { status: 0, cause });
  }
  if (!response.ok) throw failureOf(response, text, host);
  const answer = readCompletion(text, request.model);
  if (answer) return answer;
  throw new ModelCallFailed(`${host} answered something that is no completion`, { status: 502 });
}

function reasonOf(cause: unknown): string {
  for (let error = cause; error instanceof Error; error = error.cause) {
    const code: unknown = 'code' in error ? error.code : undefined;
    if (typeof code === 'string') return ` (${code})`;
  }
  return '';
}

function failureOf(response: Response, text: string, host: string): ModelCallFailed {
  const { message, type } = readError(text);
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  const why = message ? `: ${message}` : '';
  return new ModelCallFailed(`${host} refused the call with ${response.status}${why}`, {
    status: response.status,
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
