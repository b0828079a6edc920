/** What answers and events of Responses have in common. */
import {
  compact,
  isObject,
  type Json,
  type JsonObject,
  listOf,
  numberOf,
  textOf,
} from '../json.ts';

export interface ResponseOptions {
  /** What was asked: an answer repeats most of it. */
  readonly request: JsonObject;
  /** Seconds since 1970. */
  readonly createdAt: number;
}

/** `resp_…`, of the id of the completion. */
export const responseId = (completion: JsonObject): string => `resp_${suffixOf(completion)}`;

/** For the ids of items, which name their answer. */
export const suffixOf = (completion: JsonObject): string =>
  textOf(completion['id']).replace(/^chatcmpl-/, '') || '0';

/** All of a response but what becomes of it. */
export function responseFrame(
  completion: JsonObject,
  { request, createdAt }: ResponseOptions,
): JsonObject {
  const given = (name: string): Json => request[name] ?? null;
  const text = isObject(request['text']) ? request['text'] : {};
  const reasoning = isObject(request['reasoning']) ? request['reasoning'] : {};
  return compact({
    id: responseId(completion),
    object: 'response',
    created_at: createdAt,
    status: 'in_progress',
    background: false,
    error: null,
    incomplete_details: null,
    instructions: given('instructions'),
    max_output_tokens: given('max_output_tokens'),
    max_tool_calls: given('max_tool_calls'),
    model: textOf(completion['model']) || textOf(request['model']),
    output: [],
    parallel_tool_calls: request['parallel_tool_calls'] !== false,
    previous_response_id: null,
    reasoning: { effort: reasoning['effort'] ?? null, summary: reasoning['summary'] ?? null },
    service_tier: textOf(completion['service_tier']) || undefined,
    store: false,
    temperature: given('temperature'),
    text: { ...text, format: text['format'] ?? { type: 'text' } },
    tool_choice: request['tool_choice'] ?? 'auto',
    tools: listOf(request['tools']),
    top_p: given('top_p'),
    truncation: 'disabled',
    metadata: request['metadata'] ?? {},
  });
}

/** What a reason to stop makes of a response and of its last item. */
export function endOf(finishReason: string | null): {
  readonly status: 'completed' | 'incomplete';
  readonly incomplete_details: JsonObject | null;
} {
  const reason = finishReason === 'length' ? 'max_output_tokens' : finishReason;
  return reason === 'max_output_tokens' || reason === 'content_filter'
    ? { status: 'incomplete', incomplete_details: { reason } }
    : { status: 'completed', incomplete_details: null };
}

const count = (value: unknown): number => Math.max(0, numberOf(value) ?? 0);

/** `prompt_tokens` and `input_tokens` of OpenAI's own formats mean the same. */
export function usageToResponse(usage: JsonObject): JsonObject {
  const prompt = isObject(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {};
  const completion = usage['completion_tokens_details'];
  const input = count(usage['prompt_tokens']);
  const output = count(usage['completion_tokens']);
  return {
    input_tokens: input,
    input_tokens_details: {
      cached_tokens: count(prompt['cached_tokens']),
      cache_write_tokens: count(prompt['cache_write_tokens']),
    },
    output_tokens: output,
    output_tokens_details: {
      reasoning_tokens: isObject(completion) ? count(completion['reasoning_tokens']) : 0,
    },
    total_tokens: input + output,
  };
}
