import { isGeminiThinking } from './gemini/signatures.ts';
import { isObject, type JsonObject, numberOf, textOf } from './json.ts';
import { reasoningOfBlock } from './responses/sealed-reasoning.ts';

/** The least that Anthropic takes, and what each of OpenAI's words is taken to mean, in tokens. */
const BUDGET_MIN = 1_024;
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: BUDGET_MIN,
  low: 2_048,
  medium: 8_192,
  high: 16_384,
  xhigh: 32_768,
};

/** `thinking` for a `reasoning_effort`; undefined where there is no room for it or nothing was said. */
export function thinkingFor(effort: unknown, maxTokens: number): JsonObject | undefined {
  if (effort === 'none') return { type: 'disabled' };
  const wanted = BUDGETS[textOf(effort)];
  if (wanted === undefined) return undefined;
  const budget = Math.min(wanted, maxTokens - 1);
  return budget < BUDGET_MIN ? undefined : { type: 'enabled', budget_tokens: budget };
}

/** The nearest of OpenAI's words. */
export function effortFor(request: JsonObject): string | undefined {
  const config = isObject(request['output_config']) ? request['output_config'] : {};
  const asked = textOf(config['effort']);
  const thinking = isObject(request['thinking']) ? request['thinking'] : {};
  if (thinking['type'] === 'disabled') return undefined;
  if (asked !== '') return asked === 'max' ? 'xhigh' : asked;
  if (thinking['type'] === 'adaptive') return 'medium';
  const budget = numberOf(thinking['budget_tokens']);
  if (thinking['type'] !== 'enabled' || budget === null) return undefined;
  return Object.entries(BUDGETS).find(([, most]) => budget <= most)?.[0] ?? 'xhigh';
}

/**
 * Whether a block of thinking is none of Anthropic's: signed by another maker, or by nobody. Claude refuses
 * it, wherever it runs.
 */
export const isForeignThinking = (block: JsonObject): boolean =>
  isGeminiThinking(block) ||
  reasoningOfBlock(block) !== null ||
  (block['type'] !== 'redacted_thinking' && textOf(block['signature']) === '');
