/**
 * Events of a response, as the chunks of a chat completion. Pieces are passed on as they come; of the events
 * that repeat what was said in whole, only the sealed part of what was thought is new.
 */
import { chatChunk, type ChatChunkOptions } from '../chat-chunk.ts';
import { isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts';
import { finishReasonOfResponse, responseUsageToChat } from './response-to-chat-answer.ts';
import { blocksOfReasoning } from './sealed-reasoning.ts';

export class ResponsesStreamToChat {
  readonly #options: ChatChunkOptions;
  /** From the place of an item to that of its call among the calls. */
  readonly #calls = new Map<number, number>();
  #id = '';
  #model = '';
  #hasBegun = false;
  /** Parts of a summary are paragraphs. */
  #isNewParagraph = false;

  constructor(options: ChatChunkOptions) {
    this.#options = options;
  }

  push(event: JsonObject): JsonObject[] {
    const piece = textOf(event['delta']);
    switch (textOf(event['type'])) {
      case 'response.created':
        return this.#begin(event['response']);
      case 'response.output_item.added':
        return this.#open(event);
      case 'response.output_text.delta':
        return [this.#delta({ content: piece }, objectsOf(event['logprobs']))];
      case 'response.refusal.delta':
        return [this.#delta({ refusal: piece })];
      case 'response.reasoning_summary_part.added':
        this.#isNewParagraph = (numberOf(event['summary_index']) ?? 0) > 0;
        return [];
      case 'response.reasoning_summary_text.delta':
      case 'response.reasoning_text.delta':
        return [this.#delta({ reasoning_content: this.#paragraph() + piece })];
      case 'response.function_call_arguments.delta':
        return this.#argue(event, { function: { arguments: piece } });
      case 'response.custom_tool_call_input.delta':
        return this.#argue(event, { custom: { input: piece } });
      case 'response.output_item.done':
        return this.#close(isObject(event['item']) ? event['item'] : {});
      case 'response.completed':
      case 'response.incomplete':
        return this.#finish(isObject(event['response']) ? event['response'] : {});
      default:
        return [];
    }
  }

  #begin(response: unknown): JsonObject[] {
    if (this.#hasBegun) return [];
    this.#hasBegun = true;
    const frame = isObject(response) ? response : {};
    this.#id = textOf(frame['id']);
    this.#model = textOf(frame['model']);
    return [this.#delta({ role: 'assistant', content: '' })];
  }

  #open(event: JsonObject): JsonObject[] {
    const item = isObject(event['item']) ? event['item'] : {};
    const isCustom = item['type'] === 'custom_tool_call';
    if (!isCustom && item['type'] !== 'function_call') return [];
    const index = this.#calls.size;
    this.#calls.set(numberOf(event['output_index']) ?? index, index);
    const id = textOf(item['call_id']);
    const name = textOf(item['name']);
    const call = isCustom
      ? { index, id, type: 'custom', custom: { name, input: '' } }
      : { index, id, type: 'function', function: { name, arguments: '' } };
    return [this.#delta({ tool_calls: [call] })];
  }

  #argue(event: JsonObject, piece: JsonObject): JsonObject[] {
    const index = this.#calls.get(numberOf(event['output_index']) ?? 0);
    return index === undefined ? [] : [this.#delta({ tool_calls: [{ index, ...piece }] })];
  }

  /** What was thought has been streamed: the block bears only what is sealed. */
  #close(item: JsonObject): JsonObject[] {
    if (item['type'] !== 'reasoning') return [];
    return blocksOfReasoning(item).map((block) =>
      this.#delta({ thinking_blocks: [{ ...block, thinking: '' }] }),
    );
  }

  #finish(response: JsonObject): JsonObject[] {
    const finish = finishReasonOfResponse(response, this.#calls.size > 0);
    const last = this.#frame([{ index: 0, delta: {}, logprobs: null, finish_reason: finish }]);
    if (!this.#options.includesUsage) return [last];
    return [last, { ...this.#frame([]), usage: responseUsageToChat(response['usage']) }];
  }

  #paragraph(): string {
    const begins = this.#isNewParagraph;
    this.#isNewParagraph = false;
    return begins ? '\n\n' : '';
  }

  #delta(delta: JsonObject, logprobs: readonly JsonObject[] = []): JsonObject {
    const told = logprobs.length > 0 ? { content: logprobs, refusal: null } : null;
    return this.#frame([{ index: 0, delta, logprobs: told, finish_reason: null }]);
  }

  #frame(choices: readonly JsonObject[]): JsonObject {
    return chatChunk(choices, { ...this.#options, id: this.#id, model: this.#model });
  }
}
