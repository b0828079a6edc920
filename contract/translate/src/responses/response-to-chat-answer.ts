import { compact, isObject, type JsonObject, numberOf, objectsOf, textOf } from '../json.ts';
import { blocksOfReasoning, thoughtIn } from './sealed-reasoning.ts';

export interface ResponseAnswerOptions {
  /** Seconds since 1970. */
  readonly createdAt: number;
}

/** A response, as a chat completion. */
export function responseToChatAnswer(
  response: JsonObject,
  { createdAt }: ResponseAnswerOptions,
): JsonObject {
  const items = objectsOf(response['output']);
  const parts = items
    .filter(({ type }) => type === 'message')
    .flatMap((item) => objectsOf(item['content']));
  const all = (type: string, field: string): string =>
    parts
      .filter((part) => part['type'] === type)
      .map((part) => textOf(part[field]))
      .join('');
  const reasoning = items.filter(({ type }) => type === 'reasoning');
  const thought = reasoning.map(thoughtIn).filter(Boolean).join('\n\n');
  const blocks = reasoning.flatMap(blocksOfReasoning);
  const calls = items.flatMap(callOfOutput);
  const text = all('output_text', 'text');
  const logprobs = parts.flatMap((part) => objectsOf(part['logprobs']));
  return compact({
    id: textOf(response['id']),
    object: 'chat.completion',
    created: numberOf(response['created_at']) ?? createdAt,
    model: textOf(response['model']),
    choices: [
      {
        index: 0,
        message: compact({
          role: 'assistant',
          content: text === '' && calls.length > 0 ? null : text,
          refusal: all('refusal', 'refusal') || null,
          reasoning_content: thought === '' ? undefined : thought,
          thinking_blocks: blocks.length > 0 ? blocks : undefined,
          tool_calls: calls.length > 0 ? calls : undefined,
        }),
        logprobs: logprobs.length > 0 ? { content: logprobs, refusal: null } : null,
        finish_reason: finishReasonOfResponse(response, calls.length > 0),
      },
    ],
    service_tier: textOf(response['service_tier']) || undefined,
    usage: responseUsageToChat(response['usage']),
  });
}

function callOfOutput(item: JsonObject): JsonObject[] {
  const id = textOf(item['call_id']);
  const name = textOf(item['name']);
  switch (textOf(item['type'])) {
    case 'function_call':
      return [{ id, type: 'function', function: { name, arguments: textOf(item['arguments']) } }];
    case 'custom_tool_call':
      return [{ id, type: 'custom', custom: { name, input: textOf(item['input']) } }];
    default:
      return [];
  }
}

/** OpenAI's `finish_reason` for how a response ended. */
export function finishReasonOfResponse(response: JsonObject, hasCalls: boolean): string {
  const details = response['incomplete_details'];
  if (isObject(details))
    return details['reason'] === 'content_filter' ? 'content_filter' : 'length';
  return hasCalls ? 'tool_calls' : 'stop';
}

const count = (value: unknown): number => Math.max(0, numberOf(value) ?? 0);

/** `input_tokens` and `prompt_tokens` of OpenAI's own formats mean the same. */
export function responseUsageToChat(given: unknown): JsonObject {
  const usage = isObject(given) ? given : {};
  const input = isObject(usage['input_tokens_details']) ? usage['input_tokens_details'] : {};
  const output = isObject(usage['output_tokens_details']) ? usage['output_tokens_details'] : {};
  const promptTokens = count(usage['input_tokens']);
  const completionTokens = count(usage['output_tokens']);
  return {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: { cached_tokens: count(input['cached_tokens']) },
    completion_tokens_details: { reasoning_tokens: count(output['reasoning_tokens']) },
  };
}
