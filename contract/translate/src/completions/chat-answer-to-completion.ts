import { compact, isObject, type Json, type JsonObject, objectsOf, textOf } from '../json.ts';

export interface CompletionAnswerOptions {
  /** What was asked with `echo`: the answer begins with it. */
  readonly echo: string;
}

/** A chat completion, as the answer of `/v1/completions`. */
export function chatAnswerToCompletion(
  completion: JsonObject,
  { echo }: CompletionAnswerOptions,
): JsonObject {
  return compact({
    ...frameOf(completion),
    choices: objectsOf(completion['choices']).map((choice, at) => {
      const message = isObject(choice['message']) ? choice['message'] : {};
      return choiceOf(choice, at, echo + wordsOf(message));
    }),
    usage: completion['usage'] ?? undefined,
  });
}

/** Chunks of a chat completion, as those of a completion: none is held back, and none is added. */
export class ChatStreamToCompletion {
  readonly #echo: string;
  readonly #begun = new Set<number>();

  constructor({ echo }: CompletionAnswerOptions) {
    this.#echo = echo;
  }

  push(chunk: JsonObject): JsonObject[] {
    const choices = objectsOf(chunk['choices']).map((choice, at) => {
      const delta = isObject(choice['delta']) ? choice['delta'] : {};
      const index = typeof choice['index'] === 'number' ? choice['index'] : at;
      const before = this.#begun.has(index) ? '' : this.#echo;
      this.#begun.add(index);
      return choiceOf(choice, at, before + wordsOf(delta));
    });
    const usage = chunk['usage'] ?? undefined;
    return choices.length === 0 && usage === undefined
      ? []
      : [compact({ ...frameOf(chunk), choices, usage: chunk['usage'] })];
  }
}

const frameOf = (completion: JsonObject): JsonObject =>
  compact({
    id: textOf(completion['id']).replace(/^chatcmpl-/, 'cmpl-'),
    object: 'text_completion',
    created: completion['created'] ?? 0,
    model: textOf(completion['model']),
    system_fingerprint: textOf(completion['system_fingerprint']) || undefined,
  });

const wordsOf = (message: JsonObject): string =>
  textOf(message['content']) || textOf(message['refusal']);

const choiceOf = (choice: JsonObject, at: number, text: string): JsonObject => ({
  text,
  index: typeof choice['index'] === 'number' ? choice['index'] : at,
  logprobs: null,
  finish_reason: reasonOf(choice['finish_reason']),
});

/** There were no tools to call, so a call is an end like any other. */
const reasonOf = (reason: Json | undefined): Json =>
  reason === undefined || reason === null
    ? null
    : reason === 'length' || reason === 'content_filter'
      ? reason
      : 'stop';
