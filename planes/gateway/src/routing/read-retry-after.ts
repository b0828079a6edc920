import type { IncomingHttpHeaders } from 'node:http';

/** A provider that asks for more is believed this much. */
export const RETRY_AFTER_MS_MAX = 600_000;

/** For how long a provider asks not to be called: in milliseconds, in seconds or until a date. */
export function readRetryAfter(headers: IncomingHttpHeaders, now: Date): number | null {
  const ms = numberOf(headers['retry-after-ms']);
  if (ms !== null) return Math.min(ms, RETRY_AFTER_MS_MAX);
  const value = headers['retry-after'];
  if (value === undefined) return null;
  const seconds = numberOf(value);
  if (seconds !== null) return Math.min(Math.ceil(seconds * 1_000), RETRY_AFTER_MS_MAX);
  const at = /^[a-z]{3}/i.test(value) ? Date.parse(value) : Number.NaN;
  return Number.isNaN(at) ? null : Math.min(Math.max(0, at - now.getTime()), RETRY_AFTER_MS_MAX);
}

function numberOf(value: unknown): number | null {
  return typeof value === 'string' && /^\d{1,12}(\.\d{1,6})?$/.test(value.trim())
    ? Number(value)
    : null;
}
