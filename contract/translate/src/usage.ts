/**
 * Usage in both formats. Anthropic's `input_tokens` are without what came from or went into a cache;
 * OpenAI's `prompt_tokens` are all of them, and say apart how many were cached.
 */
import { compact, isObject, type JsonObject, numberOf } from './json.ts';

const count = (value: unknown): number => Math.max(0, numberOf(value) ?? 0);

export function usageToChat(usage: JsonObject): JsonObject {
  const read = count(usage['cache_read_input_tokens']);
  const written = count(usage['cache_creation_input_tokens']);
  const promptTokens = count(usage['input_tokens']) + read + written;
  const completionTokens = count(usage['output_tokens']);
  const details = usage['output_tokens_details'];
  const thinking = isObject(details) ? numberOf(details['thinking_tokens']) : null;
  return compact({
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
    prompt_tokens_details: compact({
      cached_tokens: read,
      cache_write_tokens: written > 0 ? written : undefined,
    }),
    completion_tokens_details: thinking === null ? undefined : { reasoning_tokens: thinking },
  });
}

export function usageToMessages(usage: JsonObject): JsonObject {
  const prompt = isObject(usage['prompt_tokens_details']) ? usage['prompt_tokens_details'] : {};
  const completion = usage['completion_tokens_details'];
  const read = count(prompt['cached_tokens']);
  const written = count(prompt['cache_write_tokens']);
  const reasoning = isObject(completion) ? numberOf(completion['reasoning_tokens']) : null;
  return compact({
    input_tokens: Math.max(0, count(usage['prompt_tokens']) - read - written),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: read,
    cache_creation: { ephemeral_5m_input_tokens: written, ephemeral_1h_input_tokens: 0 },
    output_tokens: count(usage['completion_tokens']),
    output_tokens_details: reasoning === null ? undefined : { thinking_tokens: reasoning },
  });
}

/** A later report replaces every number that it names: it is the sum so far, and may go down. */
export function latestUsage(before: JsonObject, later: JsonObject): JsonObject {
  const named = Object.entries(later).filter(([, value]) => value !== null && value !== undefined);
  return { ...before, ...Object.fromEntries(named) };
}
