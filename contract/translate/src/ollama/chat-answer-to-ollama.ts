/** Chat completions, whole and streamed, as the answers of Ollama: one JSON object, or one a line. */
import { isObject, type JsonObject, numberOf, objectsOf, readArguments, textOf } from '../json.ts';
import { latestUsage } from '../usage.ts';

/** Which of the two endpoints answers. */
export type OllamaKind = 'chat' | 'generate';

export interface OllamaAnswerOptions {
  readonly kind: OllamaKind;
  /** The name that was asked for. */
  readonly model: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** How long it took, in nanoseconds; all of it, and until the first word. */
export interface OllamaDurations {
  readonly totalNs: number;
  readonly firstNs: number;
}

export function chatAnswerToOllama(
  completion: JsonObject,
  options: OllamaAnswerOptions,
  durations: OllamaDurations,
): JsonObject {
  const choice = objectsOf(completion['choices'])[0] ?? {};
  const message = isObject(choice['message']) ? choice['message'] : {};
  const { content } = message;
  const text =
    typeof content === 'string'
      ? content
      : objectsOf(content)
          .map((part) => textOf(part['text']))
          .join('');
  return {
    ...lineOf(options, {
      text: text || textOf(message['refusal']),
      thinking: reasoningOf(message),
      calls: objectsOf(message['tool_calls']).map(callOf),
    }),
    ...endOf(choice['finish_reason'], completion['usage'], durations),
  };
}

/** What answers a request that asks nothing. */
export const ollamaNothing = (
  options: OllamaAnswerOptions,
  reason: 'load' | 'unload',
): JsonObject => ({
  ...lineOf(options, { text: '', thinking: '', calls: [] }),
  done: true,
  done_reason: reason,
});

interface Call {
  name: string;
  text: string;
}

/** A call is said whole, because its arguments are an object: when the stream ends. */
export class ChatStreamToOllama {
  readonly #options: OllamaAnswerOptions;
  readonly #calls = new Map<number, Call>();
  #finishReason: string | null = null;
  #usage: JsonObject | undefined;
  #hasEnded = false;

  constructor(options: OllamaAnswerOptions) {
    this.#options = options;
  }

  push(chunk: JsonObject): JsonObject[] {
    if (this.#hasEnded) return [];
    if (isObject(chunk['usage'])) this.#usage = latestUsage(this.#usage ?? {}, chunk['usage']);
    const choice = objectsOf(chunk['choices']).find(({ index }) => (index ?? 0) === 0);
    if (choice === undefined) return [];
    if (typeof choice['finish_reason'] === 'string') this.#finishReason = choice['finish_reason'];
    const delta = isObject(choice['delta']) ? choice['delta'] : {};
    for (const [at, call] of objectsOf(delta['tool_calls']).entries()) this.#collect(call, at);
    const text = textOf(delta['content']) || textOf(delta['refusal']);
    const thinking = reasoningOf(delta);
    if (text === '' && thinking === '') return [];
    return [{ ...lineOf(this.#options, { text, thinking, calls: [] }), done: false }];
  }

  /** After `[DONE]`, or when the stream ended as it should. */
  end(durations: OllamaDurations): JsonObject[] {
    if (this.#hasEnded) return [];
    this.#hasEnded = true;
    const calls = [...this.#calls.values()].map(({ name, text }) => ({
      function: { name, arguments: readArguments(text) },
    }));
    const said = { text: '', thinking: '' };
    return [
      ...(calls.length === 0
        ? []
        : [{ ...lineOf(this.#options, { ...said, calls }), done: false }]),
      {
        ...lineOf(this.#options, { ...said, calls: [] }),
        ...endOf(this.#finishReason, this.#usage, durations),
      },
    ];
  }

  #collect(given: JsonObject, at: number): void {
    const index = numberOf(given['index']) ?? at;
    const call = this.#calls.get(index) ?? { name: '', text: '' };
    this.#calls.set(index, call);
    const made = isObject(given['function']) ? given['function'] : {};
    call.name ||= textOf(made['name']);
    call.text += textOf(made['arguments']);
  }
}

interface Said {
  readonly text: string;
  readonly thinking: string;
  readonly calls: readonly JsonObject[];
}

function lineOf(
  { kind, model, createdAt }: OllamaAnswerOptions,
  { text, thinking, calls }: Said,
): JsonObject {
  const thought = thinking === '' ? {} : { thinking };
  const frame = { model, created_at: createdAt };
  if (kind === 'generate') return { ...frame, response: text, ...thought };
  const called = calls.length === 0 ? {} : { tool_calls: calls };
  return { ...frame, message: { role: 'assistant', content: text, ...thought, ...called } };
}

function callOf(call: JsonObject): JsonObject {
  const made = isObject(call['function']) ? call['function'] : {};
  return {
    function: { name: textOf(made['name']), arguments: readArguments(textOf(made['arguments'])) },
  };
}

const reasoningOf = (message: JsonObject): string =>
  textOf(message['reasoning_content']) || textOf(message['reasoning']);

function endOf(reason: unknown, given: unknown, { totalNs, firstNs }: OllamaDurations): JsonObject {
  const usage = isObject(given) ? given : {};
  return {
    done: true,
    done_reason: reason === 'length' ? 'length' : 'stop',
    total_duration: totalNs,
    load_duration: 0,
    prompt_eval_count: numberOf(usage['prompt_tokens']) ?? 0,
    prompt_eval_duration: firstNs,
    eval_count: numberOf(usage['completion_tokens']) ?? 0,
    eval_duration: Math.max(0, totalNs - firstNs),
  };
}
