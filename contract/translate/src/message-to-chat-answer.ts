import { compact, isObject, type JsonObject, objectsOf, textOf } from './json.ts';
import { finishReasonOf } from './stop-reason.ts';
import { usageToChat } from './usage.ts';

/** The answer of `/v1/messages`, as a chat completion. `createdAt`: seconds since 1970. */
export function messageToChatAnswer(message: JsonObject, createdAt: number): JsonObject {
  const blocks = objectsOf(message['content']);
  const texts = blocks.filter(({ type }) => type === 'text').map((block) => textOf(block['text']));
  const thinking = blocks.filter(({ type }) => type === 'thinking' || type === 'redacted_thinking');
  const reasoning = thinking.map((block) => textOf(block['thinking'])).join('');
  const calls = blocks
    .filter(({ type }) => type === 'tool_use')
    .map((block) => ({
      id: textOf(block['id']),
      type: 'function',
      function: { name: textOf(block['name']), arguments: JSON.stringify(block['input'] ?? {}) },
    }));
  const stopReason = typeof message['stop_reason'] === 'string' ? message['stop_reason'] : null;
  return {
    id: textOf(message['id']),
    object: 'chat.completion',
    created: createdAt,
    model: textOf(message['model']),
    choices: [
      {
        index: 0,
        message: compact({
          role: 'assistant',
          content: texts.length > 0 ? texts.join('') : null,
          refusal: null,
          reasoning_content: reasoning === '' ? undefined : reasoning,
          thinking_blocks: thinking.length > 0 ? thinking : undefined,
          tool_calls: calls.length > 0 ? calls : undefined,
        }),
        logprobs: null,
        finish_reason: finishReasonOf(stopReason),
      },
    ],
    usage: usageToChat(isObject(message['usage']) ? message['usage'] : {}),
  };
}
