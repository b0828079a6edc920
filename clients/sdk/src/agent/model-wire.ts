import type { JsonObject } from '@sagewai/translate';

import type { ChatMessage, JsonSchema, ModelTurn, ToolCall, Usage } from './chat.ts';

export interface ModelRequest {
  readonly messages: readonly ChatMessage[];
  readonly tools: readonly {
    readonly name: string;
    readonly description: string;
    readonly parameters: JsonSchema;
  }[];
  readonly output?: { readonly name: string; readonly schema: JsonSchema } | undefined;
  readonly parameters: Readonly<Record<string, unknown>>;
}

/** The body of a chat completion. */
export function toChatRequest(
  { messages, tools, output, parameters }: ModelRequest,
  { model, isStreamed }: { readonly model: string; readonly isStreamed: boolean },
): JsonObject {
  return {
    ...parameters,
    model,
    messages: messages.map(toWire),
    ...(tools.length === 0 ? {} : { tools: tools.map(toolToWire) }),
    ...(output === undefined
      ? {}
      : { response_format: { type: 'json_schema', json_schema: { ...output, strict: false } } }),
    ...(isStreamed ? { stream: true, stream_options: { include_usage: true } } : { stream: false }),
  } as JsonObject;
}

function toWire(message: ChatMessage): JsonObject {
  if (message.role === 'tool') {
    return { role: 'tool', tool_call_id: message.id, content: message.content };
  }
  if (message.role !== 'assistant') return { role: message.role, content: message.content };
  const { content, calls = [], thinking = [] } = message;
  return {
    role: 'assistant',
    content: content === '' && calls.length > 0 ? null : content,
    ...(calls.length === 0 ? {} : { tool_calls: calls.map(callToWire) }),
    ...(thinking.length === 0 ? {} : { thinking_blocks: thinking }),
  } as JsonObject;
}

const toolToWire = ({ name, description, parameters }: ModelRequest['tools'][number]): JsonObject =>
  ({ type: 'function', function: { name, description, parameters } }) as JsonObject;

const callToWire = ({ id, name, arguments: text }: ToolCall): JsonObject => ({
  id,
  type: 'function',
  function: { name, arguments: text },
});

interface WireCall {
  readonly index?: number;
  readonly id?: string | null;
  readonly function?: { readonly name?: string | null; readonly arguments?: unknown } | null;
}

interface WireMessage {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: readonly WireCall[] | null;
  readonly thinking_blocks?: readonly unknown[] | null;
}

interface WireAnswer {
  readonly model?: unknown;
  readonly choices?: readonly {
    readonly message?: WireMessage | null;
    readonly delta?: WireMessage | null;
    readonly finish_reason?: unknown;
  }[];
  readonly usage?: {
    readonly prompt_tokens?: unknown;
    readonly completion_tokens?: unknown;
  } | null;
}

/** A whole completion; null when it is none. */
export function readTurn(body: unknown, askedModel: string): ModelTurn | null {
  const message = (body as WireAnswer | null)?.choices?.[0]?.message;
  if (typeof message !== 'object' || message === null) return null;
  const collector = new TurnCollector(askedModel);
  const { choices, ...rest } = body as WireAnswer;
  collector.push({
    ...rest,
    choices: [{ delta: message, finish_reason: choices?.[0]?.finish_reason }],
  });
  return collector.turn();
}

/** Puts a turn together from the chunks of its stream. */
export class TurnCollector {
  #content = '';
  #finishReason: string | null = null;
  #model: string;
  #usage: Usage = { calls: 1, inputTokens: 0, outputTokens: 0 };
  readonly #calls = new Map<number, { id: string; name: string; arguments: string }>();
  readonly #thinking: unknown[] = [];

  constructor(askedModel: string) {
    this.#model = askedModel;
  }

  /** What of the chunk is text for the reader. */
  push(chunk: unknown): string {
    const { model, choices, usage } = chunk as WireAnswer;
    if (typeof model === 'string' && model !== '') this.#model = model;
    if (usage) {
      const { prompt_tokens: inputs, completion_tokens: outputs } = usage;
      this.#usage = { calls: 1, inputTokens: countOf(inputs), outputTokens: countOf(outputs) };
    }
    const choice = choices?.[0];
    if (typeof choice?.finish_reason === 'string') this.#finishReason = choice.finish_reason;
    const delta = choice?.delta ?? {};
    for (const [at, call] of listOf<WireCall>(delta.tool_calls).entries()) this.#take(call, at);
    this.#thinking.push(...listOf<unknown>(delta.thinking_blocks));
    const text = textOf(delta.content) || textOf(delta.refusal);
    this.#content += text;
    return text;
  }

  /** Null: it broke off before its end. */
  turn(): ModelTurn | null {
    if (this.#finishReason === null && this.#content === '' && this.#calls.size === 0) return null;
    return {
      content: this.#content,
      calls: [...this.#calls.values()],
      thinking: this.#thinking,
      finishReason: this.#finishReason ?? 'stop',
      model: this.#model,
      usage: this.#usage,
      costUsd: null,
    };
  }

  get isEnded(): boolean {
    return this.#finishReason !== null;
  }

  #take(call: WireCall, at: number): void {
    const index = call.index ?? at;
    const one = this.#calls.get(index) ?? { id: '', name: '', arguments: '' };
    this.#calls.set(index, one);
    if (call.id) one.id = call.id;
    else if (one.id === '') one.id = `call_${index}`;
    one.name ||= call.function?.name ?? '';
    const given = call.function?.arguments;
    // Some that speak the format send the object itself.
    one.arguments += typeof given === 'string' ? given : given ? JSON.stringify(given) : '';
  }
}

const textOf = (value: unknown): string => {
  if (typeof value === 'string') return value;
  const parts = listOf<{ text?: unknown }>(value);
  return parts.map(({ text }) => (typeof text === 'string' ? text : '')).join('');
};

const listOf = <Item>(value: unknown): readonly Item[] =>
  Array.isArray(value) ? (value as Item[]) : [];

const countOf = (value: unknown): number =>
  typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : 0;
