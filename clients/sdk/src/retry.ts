const DELAY_MS_MIN = 200;
const DELAY_MS_MAX = 10_000;

/**
 * How long to wait before the next try: exponential with full jitter, and never less than the server
 * asked for. `attempt` counts from 1; `random` is in [0, 1).
 */
export function retryDelayMs(attempt: number, askedMs: number | null, random: number): number {
  const ceiling = Math.min(DELAY_MS_MAX, DELAY_MS_MIN * 2 ** (attempt - 1));
  const jittered = ceiling / 2 + (ceiling / 2) * random;
  return Math.max(askedMs ?? 0, jittered);
}

/**
 * As `retryDelayMs`, for callers that are many and were all refused at the same moment: what the server
 * asked for is stretched by up to a half, so that they do not come back together.
 */
export function spreadDelayMs(attempt: number, askedMs: number | null, random: number): number {
  return Math.max(retryDelayMs(attempt, null, random), (askedMs ?? 0) * (1 + random / 2));
}
