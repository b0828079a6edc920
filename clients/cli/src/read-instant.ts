import { parseDuration } from '@sagewai/config';

import { UsageError } from './usage-error.ts';

/** An instant as it is, or the one that it was so long ago. */
export function instantOf(text: string | undefined, now: Date): string | undefined {
  if (text === undefined) return undefined;
  const instant = /^\d{4}-/.test(text) ? new Date(text) : ago(text, now);
  if (Number.isNaN(instant.getTime())) throw new UsageError(`${text}: expected an instant, or 7d`);
  return instant.toISOString();
}

/** What `7d` means: so long before now. */
export function ago(text: string, now: Date): Date {
  const durationMs = parseDuration(text);
  if (durationMs === null) {
    throw new UsageError(`${text}: expected a date, as 2026-11-01, or how long ago, as 7d`);
  }
  return new Date(now.getTime() - durationMs);
}
