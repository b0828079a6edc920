import { compact, isObject, type JsonObject, objectsOf, readArguments, textOf } from './json.ts';
import { stopReasonOf } from './stop-reason.ts';
import { usageToMessages } from './usage.ts';

/** A chat completion, as the answer of `/v1/messages`. Of several choices, the first. */
export function chatAnswerToMessage(completion: JsonObject): JsonObject {
  const choice = objectsOf(completion['choices'])[0] ?? {};
  const message = isObject(choice['message']) ? choice['message'] : {};
  const calls = objectsOf(message['tool_calls']).filter((call) => isObject(call['function']));
  const finishReason = typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : null;
  return {
    id: textOf(completion['id']),
    type: 'message',
    role: 'assistant',
    model: textOf(completion['model']),
    content: [
      ...thinkingOf(message),
      ...textsOf(message),
      ...calls.map((call) => {
        const made = isObject(call['function']) ? call['function'] : {};
        return {
          type: 'tool_use',
          id: textOf(call['id']),
          name: textOf(made['name']),
          input: readArguments(textOf(made['arguments'])),
        };
      }),
    ],
    stop_reason: stopReasonOf(finishReason, calls.length > 0),
    stop_sequence: null,
    usage: usageToMessages(isObject(completion['usage']) ? completion['usage'] : {}),
  };
}

/** Signed blocks where the provider gave them; else its reasoning, which nobody signed. */
function thinkingOf(message: JsonObject): JsonObject[] {
  const blocks = objectsOf(message['thinking_blocks']);
  if (blocks.length > 0) return [...blocks];
  const reasoning = textOf(message['reasoning_content']) || textOf(message['reasoning']);
  return reasoning === '' ? [] : [{ type: 'thinking', thinking: reasoning, signature: '' }];
}

function textsOf({ content, refusal }: JsonObject): JsonObject[] {
  const texts =
    typeof content === 'string'
      ? [content]
      : objectsOf(content).map((part) => textOf(part['text']) || textOf(part['refusal']));
  return [...texts, textOf(refusal)]
    .filter((text) => text !== '')
    .map((text) => compact({ type: 'text', text }));
}
