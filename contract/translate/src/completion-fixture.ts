/** Completions as providers make them, and their streams. */
import fc from 'fast-check';

import { type JsonObject, objectsOf } from './json.ts';

export const chunkOf = (delta: JsonObject, finish: string | null = null): JsonObject => ({
  id: 'chatcmpl-1',
  model: 'm',
  choices: [{ index: 0, delta, finish_reason: finish }],
});

export const callDelta = (index: number, fields: JsonObject): JsonObject => ({
  tool_calls: [{ index, ...fields }],
});

const word = fc.string({ minLength: 1, maxLength: 8 });
const usage = fc.record({
  prompt_tokens: fc.integer({ min: 50, max: 99 }),
  completion_tokens: fc.integer({ min: 0, max: 99 }),
  prompt_tokens_details: fc.record({ cached_tokens: fc.integer({ min: 0, max: 50 }) }),
});
export const completion = fc
  .record({
    reasoning: fc.option(word, { nil: undefined }),
    text: fc.option(word, { nil: undefined }),
    inputs: fc.array(fc.dictionary(fc.constantFrom('a', 'b'), word), { maxLength: 3 }),
    finish: fc.constantFrom('stop', 'length', 'content_filter'),
    usage,
  })
  .map(({ reasoning, text, inputs, finish, usage: used }) => ({
    id: 'chatcmpl-1',
    model: 'm',
    usage: used,
    choices: [
      {
        index: 0,
        finish_reason: inputs.length > 0 ? 'tool_calls' : finish,
        message: {
          role: 'assistant',
          content: text ?? null,
          ...(reasoning === undefined ? {} : { reasoning_content: reasoning }),
          ...(inputs.length === 0
            ? {}
            : {
                tool_calls: inputs.map((input, at) => ({
                  id: `call_${at}`,
                  type: 'function',
                  function: { name: 'f', arguments: JSON.stringify(input) },
                })),
              }),
        },
      },
    ],
  }));

/** As providers stream it; `cut` says into how many pieces texts are broken. */
export function chunksOf(answer: JsonObject, cut: number): JsonObject[] {
  const [choice] = objectsOf(answer['choices']);
  const message = choice?.['message'] as JsonObject;
  const pieces = (text: string): string[] => {
    const size = Math.max(1, Math.ceil(text.length / cut));
    return text.match(new RegExp(`[\\s\\S]{1,${size}}`, 'g')) ?? [];
  };
  const calls = objectsOf(message['tool_calls']);
  return [
    chunkOf({ role: 'assistant', content: '' }),
    ...pieces((message['reasoning_content'] as string | undefined) ?? '').map((reasoning_content) =>
      chunkOf({ reasoning_content }),
    ),
    ...pieces((message['content'] as string | null) ?? '').map((content) => chunkOf({ content })),
    ...calls.flatMap((call, index) => {
      const made = call['function'] as { name: string; arguments: string };
      return [
        chunkOf(callDelta(index, { id: call['id'], function: { name: made.name, arguments: '' } })),
        ...pieces(made.arguments).map((text) =>
          chunkOf(callDelta(index, { function: { arguments: text } })),
        ),
      ];
    }),
    chunkOf({}, choice?.['finish_reason'] as string),
    { id: 'chatcmpl-1', model: 'm', choices: [], usage: answer['usage'] },
  ];
}
