import { mistaken } from './refuse-fields.ts';

const SECONDS: Readonly<Record<string, number>> = {
  s: 1,
  m: 60,
  h: 3_600,
  d: 86_400,
  w: 604_800,
  mo: 2_592_000,
};
const SECONDS_MAX = 315_360_000;

/** `30s`, `30m`, `30h`, `30d`, `1w`, `1mo` → seconds. Null: for ever. */
export function readDuration(text: string | null, field = 'duration'): number | null {
  if (text === null || text === '-1') return null;
  const [, count = '', unit = ''] = /^([1-9][0-9]{0,8})(s|m|h|d|w|mo)$/.exec(text) ?? [];
  const seconds = Number(count) * (SECONDS[unit] ?? 0);
  if (seconds > 0 && seconds <= SECONDS_MAX) return seconds;
  throw mistaken(field, 'must be like 30s, 30m, 30h, 30d or 1mo, at most ten years');
}
