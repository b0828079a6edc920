import { formatUsd } from '@sagewai/wire';

/** From the window that is told first: the longest is what LiteLLM's clients know as `max_budget`. */
const WINDOWS = ['total', '30_days', 'month', 'week', 'day', 'hour'] as const;

type Amounts = Readonly<Record<string, string>>;

/**
 * The limits of a key, and what is used of them, as LiteLLM's clients look for them. Both are of the last
 * look-up of the key, a second ago at most: a call more than that would be a statement more for each call.
 */
export function limitHeaders(limits: Amounts, used: Amounts): Record<string, string> {
  const headers: Record<string, string> = {};
  const budget = WINDOWS.map((period) => `${period} cost`).find((name) => limits[name]);
  if (budget !== undefined) {
    headers['x-litellm-key-max-budget'] = formatUsd(BigInt(limits[budget] ?? '0'));
    headers['x-litellm-key-spend'] = formatUsd(BigInt(used[budget] ?? '0'));
  }
  for (const [measure, short] of [
    ['tokens', 'tpm'],
    ['requests', 'rpm'],
  ] as const) {
    const limit = limits[`minute ${measure}`];
    if (limit === undefined) continue;
    headers[`x-litellm-key-${short}-limit`] = limit;
    headers[`x-ratelimit-limit-${measure}`] = limit;
    const left = BigInt(limit) - BigInt(used[`minute ${measure}`] ?? '0');
    headers[`x-ratelimit-remaining-${measure}`] = String(left > 0n ? left : 0n);
  }
  return headers;
}
