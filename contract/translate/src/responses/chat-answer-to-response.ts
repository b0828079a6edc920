import { compact, isObject, type JsonObject, objectsOf, textOf } from '../json.ts';
import { reasoningItem, reasoningOf } from './reasoning.ts';
import {
  endOf,
  responseFrame,
  type ResponseOptions,
  suffixOf,
  usageToResponse,
} from './response-object.ts';
import { itemOfCall, knownTools, type MadeCall } from './tools.ts';

/** A chat completion, as the answer of `/v1/responses`. Of several choices, the first. */
export function chatAnswerToResponse(completion: JsonObject, options: ResponseOptions): JsonObject {
  const choice = objectsOf(completion['choices'])[0] ?? {};
  const message = isObject(choice['message']) ? choice['message'] : {};
  const end = endOf(typeof choice['finish_reason'] === 'string' ? choice['finish_reason'] : null);
  const id = suffixOf(completion);
  const known = knownTools(options.request);
  const thought = reasoningItem(`rs_${id}`, {
    text: reasoningOf(message),
    blocks: objectsOf(message['thinking_blocks']),
  });
  const content = partsOfMessage(message, choice);
  const calls = objectsOf(message['tool_calls']).map(madeCall);
  return compact({
    ...responseFrame(completion, options),
    ...end,
    output: [
      ...(thought === null ? [] : [thought]),
      ...(content.length === 0 && (calls.length > 0 || thought !== null)
        ? []
        : [messageItem(`msg_${id}`, content, calls.length > 0 ? 'completed' : end.status)]),
      ...calls.map((call) => itemOfCall(call, end.status, known)),
    ],
    usage: isObject(completion['usage']) ? usageToResponse(completion['usage']) : undefined,
  });
}

export const messageItem = (
  id: string,
  content: readonly JsonObject[],
  status: string,
): JsonObject => ({ id, type: 'message', status, role: 'assistant', content });

export const textPart = (text: string, logprobs: readonly JsonObject[] = []): JsonObject => ({
  type: 'output_text',
  text,
  annotations: [],
  logprobs,
});

function partsOfMessage(message: JsonObject, choice: JsonObject): JsonObject[] {
  const { content, refusal } = message;
  const text =
    typeof content === 'string'
      ? content
      : objectsOf(content)
          .map((part) => textOf(part['text']))
          .join('');
  return [
    ...(text === '' ? [] : [textPart(text, logprobsOf(choice))]),
    ...(textOf(refusal) === '' ? [] : [{ type: 'refusal', refusal: textOf(refusal) }]),
  ];
}

/** Of a choice, whole or streamed. */
export const logprobsOf = (choice: JsonObject): readonly JsonObject[] =>
  isObject(choice['logprobs']) ? objectsOf(choice['logprobs']['content']) : [];

function madeCall(call: JsonObject, at: number): MadeCall {
  const custom = isObject(call['custom']) ? call['custom'] : undefined;
  const made = custom ?? (isObject(call['function']) ? call['function'] : {});
  return {
    callId: textOf(call['id']) || `call_${at}`,
    name: textOf(made['name']),
    text: custom ? textOf(custom['input']) : textOf(made['arguments']) || '{}',
    isCustom: custom !== undefined,
  };
}
