/**
 * The most tokens that one answer of a well-known model can have. The catalogue of prices does not
 * tell; without it the bound of a call is the whole context, and a budget looks used up that is not.
 * A number here that is too low is harmless where it is sent upstream as a cap; elsewhere a call can exceed its
 * bound, which is booked and shown.
 */
const OUTPUT_TOKENS_MAX: readonly (readonly [RegExp, number])[] = [
  [/^gpt-5/, 128_000],
  [/^gpt-4\.1/, 32_768],
  [/^gpt-4o|^chatgpt-4o/, 16_384],
  [/^gpt-4-turbo|^gpt-3\.5-turbo/, 4_096],
  [/^o[134](-|$)/, 100_000],
  [/^claude-opus-4-1|^claude-opus-4-2|^claude-opus-4-0/, 32_000],
  [/^claude-(opus|sonnet|haiku)-/, 64_000],
  [/^claude-3-(5|7)/, 8_192],
  [/^claude-3-/, 4_096],
  [/^amazon\.nova-2-/, 64_000],
  [/^amazon\.nova-/, 5_120],
  [/^gemini-(?:2\.5|3)/, 65_536],
  [/^gemini-2\.0|^gemini-1\.5/, 8_192],
];

/** Its names say where a model runs and who made it. */
const OF_BEDROCK = /^(?:(?:us|eu|apac|jp|au|global|us-gov)\.)?(?:anthropic\.)?/;

/** `undefined` for a model of which nothing is known. */
export function findOutputLimit(upstreamModel: string): number | undefined {
  const name = upstreamModel.replace(OF_BEDROCK, '');
  return OUTPUT_TOKENS_MAX.find(([pattern]) => pattern.test(name))?.[1];
}
