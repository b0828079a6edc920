import { formatUsd } from '@sagewai/wire';

/** From the window that is told first: the longest is what LiteLLM's clients know as `max_budget`. */
const WINDOWS = ['total', 'month', 'week', 'day', 'hour'] as const;

/**
 * The limits of a key as LiteLLM's clients look for them. How much of them is left is not told: it would
 * be another statement of the database for each call, or not exact.
 */
export function limitHeaders(limits: Readonly<Record<string, string>>): Record<string, string> {
  const headers: Record<string, string> = {};
  const budget = WINDOWS.map((period) => limits[`${period} cost`]).find((amount) => amount);
  const [tokens, requests] = [limits['minute tokens'], limits['minute requests']];
  if (budget !== undefined) headers['x-litellm-key-max-budget'] = formatUsd(BigInt(budget));
  if (tokens !== undefined) {
    headers['x-litellm-key-tpm-limit'] = tokens;
    headers['x-ratelimit-limit-tokens'] = tokens;
  }
  if (requests !== undefined) {
    headers['x-litellm-key-rpm-limit'] = requests;
    headers['x-ratelimit-limit-requests'] = requests;
  }
  return headers;
}
