/** Events of a message, as the chunks of a chat completion. */
import { chatChunk, type ChatChunkOptions } from './chat-chunk.ts';
import { isObject, type JsonObject, numberOf, textOf } from './json.ts';
import { finishReasonOf } from './stop-reason.ts';
import { latestUsage, usageToChat } from './usage.ts';

export class MessagesStreamToChat {
  readonly #options: ChatChunkOptions;
  /** From the index of a block to the position among the calls. */
  readonly #calls = new Map<number, number>();
  readonly #hasArguments = new Set<number>();
  #id = '';
  #model = '';
  #usage: JsonObject = {};

  constructor(options: ChatChunkOptions) {
    this.#options = options;
  }

  /** All that was used, as far as is known; for whoever meters. */
  get usage(): JsonObject {
    return usageToChat(this.#usage);
  }

  push(event: JsonObject): JsonObject[] {
    switch (textOf(event['type'])) {
      case 'message_start':
        return this.#start(isObject(event['message']) ? event['message'] : {});
      case 'content_block_start':
        return this.#open(event);
      case 'content_block_delta':
        return this.#pass(event);
      case 'content_block_stop':
        return this.#closeCall(numberOf(event['index']) ?? 0);
      case 'message_delta':
        return this.#finish(event);
      case 'message_stop':
        return this.#options.includesUsage ? [{ ...this.#frame([]), usage: this.usage }] : [];
      default:
        return [];
    }
  }

  #start(message: JsonObject): JsonObject[] {
    this.#id = textOf(message['id']);
    this.#model = textOf(message['model']);
    if (isObject(message['usage'])) this.#usage = message['usage'];
    return [this.#delta({ role: 'assistant', content: '' })];
  }

  #open(event: JsonObject): JsonObject[] {
    const block = isObject(event['content_block']) ? event['content_block'] : {};
    const at = numberOf(event['index']) ?? 0;
    if (block['type'] === 'text' && textOf(block['text']) !== '') {
      return [this.#delta({ content: textOf(block['text']) })];
    }
    if (block['type'] === 'redacted_thinking') return [this.#delta({ thinking_blocks: [block] })];
    if (block['type'] !== 'tool_use') return [];
    const index = this.#calls.size;
    this.#calls.set(at, index);
    const call = {
      index,
      id: textOf(block['id']),
      type: 'function',
      function: { name: textOf(block['name']), arguments: '' },
    };
    return [this.#delta({ tool_calls: [call] })];
  }

  #pass(event: JsonObject): JsonObject[] {
    const delta = isObject(event['delta']) ? event['delta'] : {};
    switch (textOf(delta['type'])) {
      case 'text_delta':
        return [this.#delta({ content: textOf(delta['text']) })];
      case 'thinking_delta':
        return [this.#delta({ reasoning_content: textOf(delta['thinking']) })];
      case 'signature_delta': {
        const block = { type: 'thinking', thinking: '', signature: textOf(delta['signature']) };
        return [this.#delta({ thinking_blocks: [block] })];
      }
      case 'input_json_delta': {
        const piece = textOf(delta['partial_json']);
        return piece === '' ? [] : this.#argue(numberOf(event['index']) ?? 0, piece);
      }
      default:
        return [];
    }
  }

  #argue(at: number, piece: string): JsonObject[] {
    const index = this.#calls.get(at);
    if (index === undefined) return [];
    this.#hasArguments.add(at);
    return [this.#delta({ tool_calls: [{ index, function: { arguments: piece } }] })];
  }

  #closeCall(at: number): JsonObject[] {
    return this.#calls.has(at) && !this.#hasArguments.has(at) ? this.#argue(at, '{}') : [];
  }

  #finish(event: JsonObject): JsonObject[] {
    if (isObject(event['usage'])) this.#usage = latestUsage(this.#usage, event['usage']);
    const delta = isObject(event['delta']) ? event['delta'] : {};
    if (typeof delta['stop_reason'] !== 'string') return [];
    const finishReason = finishReasonOf(delta['stop_reason']);
    return [this.#frame([{ index: 0, delta: {}, logprobs: null, finish_reason: finishReason }])];
  }

  #delta(delta: JsonObject): JsonObject {
    return this.#frame([{ index: 0, delta, logprobs: null, finish_reason: null }]);
  }

  #frame(choices: readonly JsonObject[]): JsonObject {
    return chatChunk(choices, { ...this.#options, id: this.#id, model: this.#model });
  }
}
