import { InvalidArgumentError } from 'commander';

import { durationSeconds } from '../read-duration.ts';

export interface StartRate {
  readonly count: number;
  readonly per_seconds: number;
}

/** No limit. Commander takes null for a flag without a value, so it stays a word until it is sent. */
export type None = 'none';

export const orNull = <Value>(value: Value | None): Value | null =>
  value === 'none' ? null : (value as Value);

/** `10/s`, `300/min`, `50/10m`: no more than so many in any such stretch of time. */
export function startRate(text: string): StartRate | None {
  if (text === 'none') return text;
  const [, count, per = ''] = /^([1-9]\d{0,6})\/(.+)$/.exec(text.trim()) ?? [];
  if (count === undefined)
    throw new InvalidArgumentError('expected a rate such as 10/s or 300/min');
  const unit = per
    .replace(/^min(?:ute)?$/, 'm')
    .replace(/^sec(?:ond)?$/, 's')
    .replace(/^hour$/, 'h');
  return {
    count: Number(count),
    per_seconds: durationSeconds(/^\d/.test(unit) ? unit : `1${unit}`),
  };
}

export function countOrNone(text: string): number | None {
  if (text === 'none') return text;
  if (!/^\d{1,10}$/.test(text)) throw new InvalidArgumentError('expected a whole number, or none');
  return Number(text);
}
