import { shortDuration } from './numbers.ts';

/** `in 5 min 3 s`, `12 s ago`, `just now`. */
export function relativeTime(atMs: number, nowMs: number): string {
  const ms = nowMs - atMs;
  if (Math.abs(ms) < 1_000) return 'just now';
  const whole = Math.floor(Math.abs(ms) / 1_000) * 1_000;
  const text = shortDuration(whole).replace(/^(\d+)\.\d+ s$/, '$1 s');
  const [first = text] = /^\d+ \w+/.exec(text) ?? [];
  return ms < 0 ? `in ${first}` : `${first} ago`;
}

/** Local, to the millisecond, with its zone; and the same in UTC. */
export function exactTime(iso: string): string {
  const at = new Date(iso);
  const local = at.toLocaleString(undefined, {
    dateStyle: 'medium',
    timeStyle: 'medium',
  });
  return `${local}.${String(at.getMilliseconds()).padStart(3, '0')} here, ${at.toISOString()}`;
}

export const clockTime = (iso: string): string =>
  new Date(iso).toLocaleTimeString(undefined, { hour12: false });
