/** Events of `/converse-stream`, each under its name, as the chunks of a chat completion. */
import { chatChunk, type ChatChunkOptions } from '../chat-chunk.ts';
import { compact, isObject, type JsonObject, numberOf, textOf } from '../json.ts';
import { converseUsageToChat, finishReasonFrom } from './converse-answer-to-chat.ts';

export interface ConverseStreamOptions extends ChatChunkOptions {
  /** The same on every chunk, and on those of no other answer. */
  readonly id: string;
  readonly model: string;
}

export class ConverseStreamToChat {
  readonly #options: ConverseStreamOptions;
  /** From the index of a block to the position among the calls. */
  readonly #calls = new Map<number, number>();
  readonly #hasArguments = new Set<number>();
  #usage: JsonObject = {};

  constructor(options: ConverseStreamOptions) {
    this.#options = options;
  }

  push(event: JsonObject): JsonObject[] {
    const of = (name: string): JsonObject | undefined =>
      isObject(event[name]) ? event[name] : undefined;
    const start = of('contentBlockStart');
    const delta = of('contentBlockDelta');
    const stop = of('contentBlockStop');
    const end = of('messageStop');
    const metadata = of('metadata');
    if (isObject(metadata?.['usage'])) this.#usage = metadata['usage'];
    if (of('messageStart')) return [this.#delta({ role: 'assistant', content: '' })];
    if (start) return this.#open(start);
    if (delta) return this.#pass(delta);
    if (stop) return this.#close(numberOf(stop['contentBlockIndex']) ?? 0);
    return end ? [this.#delta({}, finishReasonFrom(end['stopReason']))] : [];
  }

  /** After the last event. */
  end(): JsonObject[] {
    if (!this.#options.includesUsage) return [];
    return [{ ...this.#frame([]), usage: converseUsageToChat(this.#usage) }];
  }

  #open(event: JsonObject): JsonObject[] {
    const start = isObject(event['start']) ? event['start'] : {};
    const { toolUse } = start;
    if (!isObject(toolUse)) return [];
    const index = this.#calls.size;
    this.#calls.set(numberOf(event['contentBlockIndex']) ?? 0, index);
    const call = {
      index,
      id: textOf(toolUse['toolUseId']),
      type: 'function',
      function: { name: textOf(toolUse['name']), arguments: '' },
    };
    return [this.#delta({ tool_calls: [call] })];
  }

  #pass(event: JsonObject): JsonObject[] {
    const delta = isObject(event['delta']) ? event['delta'] : {};
    const text = textOf(delta['text']);
    if (text !== '') return [this.#delta({ content: text })];
    const { toolUse, reasoningContent } = delta;
    if (isObject(toolUse)) {
      const piece = textOf(toolUse['input']);
      return piece === '' ? [] : this.#argue(numberOf(event['contentBlockIndex']) ?? 0, piece);
    }
    return isObject(reasoningContent) ? this.#think(reasoningContent) : [];
  }

  #think(reasoning: JsonObject): JsonObject[] {
    const text = textOf(reasoning['text']);
    const signature = textOf(reasoning['signature']);
    const data = textOf(reasoning['redactedContent']);
    const blocks = [
      ...(signature === '' ? [] : [{ type: 'thinking', thinking: '', signature }]),
      ...(data === '' ? [] : [{ type: 'redacted_thinking', data }]),
    ];
    const delta = compact({
      reasoning_content: text === '' ? undefined : text,
      thinking_blocks: blocks.length > 0 ? blocks : undefined,
    });
    return Object.keys(delta).length > 0 ? [this.#delta(delta)] : [];
  }

  #argue(at: number, piece: string): JsonObject[] {
    const index = this.#calls.get(at);
    if (index === undefined) return [];
    this.#hasArguments.add(at);
    return [this.#delta({ tool_calls: [{ index, function: { arguments: piece } }] })];
  }

  /** Clients put the arguments together from pieces: a call without any has one. */
  #close(at: number): JsonObject[] {
    return this.#calls.has(at) && !this.#hasArguments.has(at) ? this.#argue(at, '{}') : [];
  }

  #delta(delta: JsonObject, finish: string | null = null): JsonObject {
    return this.#frame([{ index: 0, delta, logprobs: null, finish_reason: finish }]);
  }

  #frame(choices: readonly JsonObject[]): JsonObject {
    return chatChunk(choices, this.#options);
  }
}
