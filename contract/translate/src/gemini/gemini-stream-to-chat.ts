/** Events of `:streamGenerateContent`, each an answer of its own, as the chunks of a chat completion. */
import { chatChunk, type ChatChunkOptions } from '../chat-chunk.ts';
import { compact, isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts';
import {
  blockedBecause,
  callOf,
  finishReasonFor,
  geminiUsageToChat,
  imageOf,
} from './gemini-answer-to-chat.ts';
import { signedBlock, signedCall } from './signatures.ts';

export interface GeminiStreamOptions extends ChatChunkOptions {
  readonly model: string;
}

export class GeminiStreamToChat {
  readonly #options: GeminiStreamOptions;
  /** How many calls each candidate has made. */
  readonly #calls = new Map<number, number>();
  readonly #begun = new Set<number>();
  #id = '';
  #model: string;
  #usage: JsonObject | undefined;

  constructor(options: GeminiStreamOptions) {
    this.#options = options;
    this.#model = options.model;
  }

  push(event: JsonObject): JsonObject[] {
    this.#id ||= textOf(event['responseId']) || `gemini-${this.#options.createdAt}`;
    this.#model = textOf(event['modelVersion']) || this.#model;
    if (isObject(event['usageMetadata'])) this.#usage = event['usageMetadata'];
    const blocked = blockedBecause(event);
    if (blocked !== '') {
      return [
        ...this.#begin(0),
        this.#delta(0, { refusal: blocked }),
        this.#delta(0, {}, 'content_filter'),
      ];
    }
    return objectsOf(event['candidates']).flatMap((candidate, at) =>
      this.#take(candidate, numberOf(candidate['index']) ?? at),
    );
  }

  /** After the last event. */
  end(): JsonObject[] {
    if (!this.#options.includesUsage) return [];
    return [{ ...this.#frame([]), usage: geminiUsageToChat(this.#usage) }];
  }

  #take(candidate: JsonObject, index: number): JsonObject[] {
    const content = isObject(candidate['content']) ? candidate['content'] : {};
    const reason = textOf(candidate['finishReason']);
    const chunks = this.#begin(index);
    for (const part of objectsOf(content['parts'])) chunks.push(...this.#part(part, index));
    if (reason !== '') {
      const hasCalls = (this.#calls.get(index) ?? 0) > 0;
      chunks.push(this.#delta(index, {}, finishReasonFor(reason, hasCalls)));
    }
    return chunks;
  }

  #begin(index: number): JsonObject[] {
    if (this.#begun.has(index)) return [];
    this.#begun.add(index);
    return [this.#delta(index, { role: 'assistant', content: '' })];
  }

  #part(part: JsonObject, index: number): JsonObject[] {
    const signature = textOf(part['thoughtSignature']);
    const { functionCall } = part;
    if (isObject(functionCall)) return [this.#call(functionCall, signature, index)];
    const text = textOf(part['text']);
    const images = imageOf(part);
    const said =
      text === '' ? {} : part['thought'] === true ? { reasoning_content: text } : { content: text };
    const delta = compact({
      ...said,
      thinking_blocks: signature === '' ? undefined : [signedBlock('text', signature)],
      images: images.length > 0 ? images : undefined,
    });
    return Object.keys(delta).length === 0 ? [] : [this.#delta(index, delta)];
  }

  /** Gemini says a call at once, with all of its arguments. */
  #call(functionCall: JsonObject, signature: string, index: number): JsonObject {
    const at = this.#calls.get(index) ?? 0;
    this.#calls.set(index, at + 1);
    const made = callOf(functionCall, { answerId: this.#id, candidate: index, at });
    const call = {
      index: at,
      id: made.id,
      type: 'function',
      function: { name: made.name, arguments: made.args },
      ...signedCall(signature),
    };
    return this.#delta(
      index,
      compact({
        thinking_blocks: signature === '' ? undefined : [signedBlock(at, signature)],
        tool_calls: [call],
      }),
    );
  }

  #delta(index: number, delta: JsonObject, finish: string | null = null): JsonObject {
    return this.#frame([{ index, delta, logprobs: null, finish_reason: finish }]);
  }

  #frame(choices: readonly JsonObject[]): JsonObject {
    return chatChunk(choices, { ...this.#options, id: this.#id, model: this.#model });
  }
}
