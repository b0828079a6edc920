import type { Usage } from '../money/usage.ts';

type Counts = Readonly<Record<string, unknown>>;

/**
 * Anthropic's `usage`. Its input is without what came from a cache or went into it; ours is all of it.
 * `undefined` when it is none: a negative or fractional count is no count, and must not be spent.
 */
export function readMessagesUsage(given: unknown): Usage | undefined {
  const usage = toCounts(given);
  if (usage === undefined) return undefined;
  const plain = countOf(usage['input_tokens']);
  const output = countOf(usage['output_tokens']);
  if (plain === undefined || output === undefined) return undefined;
  const cachedInput = countOf(usage['cache_read_input_tokens']) ?? 0;
  const kept = toCounts(usage['cache_creation']);
  const minutes = countOf(kept?.['ephemeral_5m_input_tokens']) ?? 0;
  const hour = countOf(kept?.['ephemeral_1h_input_tokens']) ?? 0;
  const searches = countOf(toCounts(usage['server_tool_use'])?.['web_search_requests']);
  // The sum is always told; how long it is kept is not.
  const cacheWrite = Math.max(countOf(usage['cache_creation_input_tokens']) ?? 0, minutes + hour);
  return withCompactions(
    {
      input: plain + cachedInput + cacheWrite,
      cachedInput,
      cacheWrite,
      cacheWriteHour: hour,
      inputAudio: 0,
      output,
      outputAudio: 0,
      ...(searches === undefined ? {} : { searches }),
    },
    usage['iterations'],
  );
}

/** A prompt that the provider shortens first is charged for that too, and the sums above leave it out. */
function withCompactions(usage: Usage, iterations: unknown): Usage {
  if (!Array.isArray(iterations)) return usage;
  return (iterations as readonly unknown[]).reduce<Usage>((sum, iteration) => {
    const of = toCounts(iteration);
    const part = of?.['type'] === 'compaction' ? readMessagesUsage(of) : undefined;
    if (part === undefined) return sum;
    return {
      ...sum,
      input: sum.input + part.input,
      cachedInput: sum.cachedInput + part.cachedInput,
      cacheWrite: sum.cacheWrite + part.cacheWrite,
      cacheWriteHour: sum.cacheWriteHour + part.cacheWriteHour,
      output: sum.output + part.output,
    };
  }, usage);
}

const toCounts = (value: unknown): Counts | undefined =>
  typeof value === 'object' && value !== null ? (value as Counts) : undefined;

function countOf(count: unknown): number | undefined {
  return typeof count === 'number' && Number.isSafeInteger(count) && count >= 0 ? count : undefined;
}
