import { compact, isObject, type Json, type JsonObject, listOf, textOf } from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';
import { messagesFromInput } from './input-items.ts';
import { choiceAndTools, type CustomTools } from './tools.ts';

export interface ResponsesRequestOptions {
  /** OpenAI's newer models refuse the older name; many others know no other. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
  /** Whether the provider takes signed thinking back, as `thinking_blocks`. */
  readonly keepsThinking: boolean;
  readonly customTools: CustomTools;
}

/** What only shapes the answer, or only helps its provider. */
const WITHOUT_COUNTERPART = [
  'context_management',
  'max_tool_calls',
  'moderation',
  'prompt_cache_key',
  'prompt_cache_options',
  'prompt_cache_retention',
] as const;

/** What stands for something that is kept elsewhere: the question would be another without it. */
const KEPT_ELSEWHERE = {
  previous_response_id: 'no response is kept here: send the whole conversation as `input`',
  conversation: 'no conversation is kept here: send the whole of it as `input`',
  prompt: 'no prompt is kept here: send its text as `instructions` and `input`',
} as const;

/** A request to `/v1/responses`, for `/v1/chat/completions`. Throws `Untranslatable`. */
export function responsesRequestToChat(
  request: JsonObject,
  { maxTokensField, keepsThinking, customTools }: ResponsesRequestOptions,
): Translation {
  for (const [field, why] of Object.entries(KEPT_ELSEWHERE)) {
    if (request[field] !== undefined && request[field] !== null) {
      throw new Untranslatable(field, why);
    }
  }
  if (request['background'] === true) {
    throw new Untranslatable('background', 'answers are not made in the background here');
  }
  const losses = new Losses();
  losses.addPresent(request, WITHOUT_COUNTERPART);
  if (request['store'] === true) losses.add('store');
  if (request['truncation'] === 'auto') losses.add('truncation');
  const reasoning = isObject(request['reasoning']) ? request['reasoning'] : {};
  for (const field of ['mode', 'context', 'summary', 'generate_summary']) {
    if (reasoning[field] !== undefined && reasoning[field] !== null)
      losses.add(`reasoning.${field}`);
  }
  const text = isObject(request['text']) ? request['text'] : {};
  const body = compact({
    model: request['model'],
    messages: [
      ...instructionsOf(request['instructions']),
      ...messagesFromInput(request['input'], { losses, keepsThinking, customTools }),
    ],
    ...choiceAndTools(request, { losses, customTools }),
    [maxTokensField]: request['max_output_tokens'] ?? undefined,
    reasoning_effort: reasoning['effort'] ?? undefined,
    response_format: formatOf(text['format']),
    verbosity: text['verbosity'] ?? undefined,
    temperature: request['temperature'] ?? undefined,
    top_p: request['top_p'] ?? undefined,
    ...logprobsOf(request),
    stream: request['stream'] ?? undefined,
    service_tier: request['service_tier'] ?? undefined,
  });
  return { body, lost: losses.list() };
}

const instructionsOf = (instructions: Json | undefined): JsonObject[] =>
  textOf(instructions) === '' ? [] : [{ role: 'system', content: textOf(instructions) }];

function formatOf(format: Json | undefined): JsonObject | undefined {
  if (!isObject(format)) return undefined;
  const { type, ...schema } = format;
  if (type === 'json_object') return { type };
  return type === 'json_schema' ? { type, json_schema: compact(schema) } : undefined;
}

function logprobsOf(request: JsonObject): JsonObject {
  if (!listOf(request['include']).includes('message.output_text.logprobs')) return {};
  return compact({ logprobs: true, top_logprobs: request['top_logprobs'] ?? undefined });
}
