/** Calls of tools of free text that a provider knows as functions, turned back in the answer of a chat. */
import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  numberOf,
  objectsOf,
  textOf,
} from '../json.ts';
import { inputOf, knownTools } from './tools.ts';

/** A chat completion with its calls as `request` has the tools. */
export function customCallsBack(completion: JsonObject, request: JsonObject): JsonObject {
  const { custom } = knownTools(request);
  if (custom.size === 0) return completion;
  const choices = objectsOf(completion['choices']).map((choice): Json => {
    const message = isObject(choice['message']) ? choice['message'] : {};
    if (!Array.isArray(message['tool_calls'])) return choice;
    const calls = objectsOf(message['tool_calls']).map((call): Json => {
      const made = isObject(call['function']) ? call['function'] : {};
      const name = textOf(made['name']);
      return custom.has(name)
        ? customCall(call['id'], name, inputOf(textOf(made['arguments'])))
        : call;
    });
    return { ...choice, message: { ...message, tool_calls: calls } };
  });
  return { ...completion, choices };
}

const customCall = (id: Json | undefined, name: string, input: string): JsonObject => ({
  id: textOf(id),
  type: 'custom',
  custom: { name, input },
});

/** The same for its chunks: what a call says is known when its arguments are whole, at the end of its choice. */
export class CustomCallsBack {
  readonly #custom: ReadonlySet<string>;
  /** From the choice and the call to what was said of its arguments. */
  readonly #texts = new Map<number, Map<number, string>>();

  constructor(request: JsonObject) {
    this.#custom = knownTools(request).custom;
  }

  push(chunk: JsonObject): JsonObject[] {
    if (this.#custom.size === 0) return [chunk];
    const ended: JsonObject[] = [];
    const choices = objectsOf(chunk['choices']).map((choice): Json => {
      const at = numberOf(choice['index']) ?? 0;
      const delta = isObject(choice['delta']) ? choice['delta'] : {};
      const calls = Array.isArray(delta['tool_calls'])
        ? { tool_calls: this.#turnBack(at, objectsOf(delta['tool_calls'])) }
        : {};
      if (typeof choice['finish_reason'] === 'string') ended.push(...this.#inputsOf(at, chunk));
      return { ...choice, delta: { ...delta, ...calls } };
    });
    return [...ended, { ...chunk, choices }];
  }

  #turnBack(choice: number, calls: readonly JsonObject[]): JsonObject[] {
    const texts = this.#texts.get(choice) ?? new Map<number, string>();
    this.#texts.set(choice, texts);
    return calls.flatMap((call, at) => {
      const index = numberOf(call['index']) ?? at;
      const made = isObject(call['function']) ? call['function'] : {};
      const name = textOf(made['name']);
      const begun = texts.get(index);
      if (begun === undefined && !this.#custom.has(name)) return [call];
      texts.set(index, (begun ?? '') + textOf(made['arguments']));
      return begun === undefined ? [{ index, ...customCall(call['id'], name, '') }] : [];
    });
  }

  #inputsOf(choice: number, chunk: JsonObject): JsonObject[] {
    const texts = [...(this.#texts.get(choice) ?? [])];
    this.#texts.delete(choice);
    if (texts.length === 0) return [];
    const calls = texts.map(([index, text]) => ({ index, custom: { input: inputOf(text) } }));
    const choices = [{ index: choice, delta: { tool_calls: calls }, finish_reason: null }];
    return [compact({ ...chunk, choices, usage: chunk['usage'] === undefined ? undefined : null })];
  }
}
