import { parseDuration } from '@sagewai/config';
import { InvalidArgumentError } from 'commander';

/** `7d`, `24h`, `1d12h`, `90s` in seconds. */
export function durationSeconds(text: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === null || durationMs < 1_000) {
    throw new InvalidArgumentError('expected a duration such as 7d, 24h or 1d12h');
  }
  return Math.floor(durationMs / 1_000);
}
