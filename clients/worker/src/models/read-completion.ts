import type { ModelAnswer } from './model-call.ts';

interface Completion {
  readonly model?: unknown;
  readonly choices?: readonly {
    readonly message?: { readonly content?: unknown } | null;
    readonly finish_reason?: unknown;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: unknown;
    readonly completion_tokens?: unknown;
  } | null;
}

/** Reads a chat completion in OpenAI's shape; null when the text is none. */
export function readCompletion(text: string, askedModel: string): ModelAnswer | null {
  const body = parse(text);
  const choice = body?.choices?.[0];
  if (!body || typeof choice !== 'object') return null;
  const content = choice.message?.content;
  return {
    content: typeof content === 'string' ? content : content ? JSON.stringify(content) : '',
    model: typeof body.model === 'string' ? body.model : askedModel,
    finishReason: typeof choice.finish_reason === 'string' ? choice.finish_reason : 'stop',
    inputTokens: countOf(body.usage?.prompt_tokens),
    outputTokens: countOf(body.usage?.completion_tokens),
  };
}

function parse(text: string): Completion | null {
  try {
    return JSON.parse(text) as Completion | null;
  } catch {
    return null;
  }
}

const countOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
