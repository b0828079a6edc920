import { RunFailed } from '../workflows/workflow.ts';
import type { ModelAnswer, ModelRequest } from './model-call.ts';

export interface ChatTarget {
  /** Up to and including `/v1`. */
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** Whether a failed call may be tried again, and what it says. */
export class ModelCallFailed extends RunFailed {
  readonly status: number;
  readonly retryAfterMs: number | null;

  constructor(message: string, status: number, retryAfterMs: number | null, cause?: unknown) {
    super(message, { cause, retry: status === 0 || status >= 500 });
    this.name = 'ModelCallFailed';
    this.status = status;
    this.retryAfterMs = retryAfterMs;
  }
}

/** One chat completion, once. Error bodies are shortened: they become the reason of a failed run. */
export async function postChat(
  target: ChatTarget,
  request: ModelRequest,
  signal: AbortSignal,
): Promise<ModelAnswer> {
  let response: Response;
  try {
    response = await fetch(`${target.baseUrl}/chat/completions`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(target.apiKey ? { authorization: `Bearer ${target.apiKey}` } : {}),
        ...target.headers,
      },
      body: JSON.stringify({
        ...request.parameters,
        model: request.model,
        messages: request.messages,
      }),
      // A credential is for the host it was given for.
      redirect: 'error',
      signal,
    });
  } catch (cause) {
    if (signal.aborted) throw signal.reason;
    throw new ModelCallFailed(`cannot reach ${new URL(target.baseUrl).host}`, 0, null, cause);
  }
  const text = await response.text().catch((cause: unknown) => {
    if (signal.aborted) throw signal.reason;
    throw new ModelCallFailed('the answer broke off', 0, null, cause);
  });
  if (!response.ok) throw failureOf(response, text);
  return readAnswer(text, request.model);
}

function failureOf(response: Response, text: string): ModelCallFailed {
  const seconds = Number(response.headers.get('retry-after') ?? Number.NaN);
  return new ModelCallFailed(
    `the model call was refused with ${response.status}: ${messageOf(text)}`,
    response.status,
    Number.isFinite(seconds) ? seconds * 1000 : null,
  );
}

function messageOf(text: string): string {
  try {
    const body = JSON.parse(text) as { error?: { message?: unknown } };
    if (typeof body.error?.message === 'string') return body.error.message.slice(0, 500);
  } catch {
    // Not JSON: its beginning says more than nothing.
  }
  return text.slice(0, 200);
}

interface Completion {
  readonly model?: string;
  readonly choices?: readonly {
    readonly message?: { readonly content?: unknown };
    readonly finish_reason?: string | null;
  }[];
  readonly usage?: { readonly prompt_tokens?: number; readonly completion_tokens?: number } | null;
}

function readAnswer(text: string, model: string): ModelAnswer {
  let body: Completion;
  try {
    body = JSON.parse(text) as Completion;
  } catch (cause) {
    throw new ModelCallFailed('the provider answered something that is not JSON', 502, null, cause);
  }
  const choice = body.choices?.[0];
  if (!choice) throw new ModelCallFailed('the provider answered without choices', 502, null);
  const content = choice.message?.content;
  return {
    content: typeof content === 'string' ? content : content ? JSON.stringify(content) : '',
    model: body.model ?? model,
    finishReason: choice.finish_reason ?? 'stop',
    inputTokens: body.usage?.prompt_tokens ?? 0,
    outputTokens: body.usage?.completion_tokens ?? 0,
  };
}
