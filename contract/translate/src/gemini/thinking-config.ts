import { type Json, type JsonObject, textOf } from '../json.ts';
import type { Losses } from '../translation.ts';

/** What each of OpenAI's words is taken to mean, in tokens, by models that count them. */
const BUDGETS: Readonly<Record<string, number>> = {
  minimal: 1_024,
  low: 1_024,
  medium: 8_192,
  high: 24_576,
  xhigh: 24_576,
};
/** And by models that know words of their own. */
const LEVELS: Readonly<Record<string, string>> = {
  minimal: 'minimal',
  low: 'low',
  medium: 'medium',
  high: 'high',
  xhigh: 'high',
};
const BUDGET_MIN_PRO = 128;

/** How hard to think, for a `reasoning_effort`; undefined where nothing was said, or nothing can be. */
export function thinkingConfigFor(
  said: Json | undefined,
  model: string,
  losses: Losses,
): JsonObject | undefined {
  const effort = textOf(said);
  if (effort === '') return undefined;
  const isPro = model.includes('-pro');
  if (/gemini-(?:1|2\.0)/.test(model)) {
    losses.add('reasoning_effort');
    return undefined;
  }
  if (model.includes('gemini-2.5')) {
    // The larger one cannot be kept from it.
    if (effort === 'none') return { thinkingBudget: isPro ? BUDGET_MIN_PRO : 0 };
    const thinkingBudget = BUDGETS[effort];
    return thinkingBudget === undefined ? undefined : { thinkingBudget, includeThoughts: true };
  }
  const least = isPro ? 'low' : 'minimal';
  if (effort === 'none') return { thinkingLevel: least };
  const level = effort === 'minimal' ? least : LEVELS[effort];
  return level === undefined ? undefined : { thinkingLevel: level, includeThoughts: true };
}
