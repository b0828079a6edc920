/**
 * What a run asks of a worker's labels beyond equality.
 *
 * A label that a worker does not have is not in any list, and is no number: `not_in` and `not_exists` are
 * satisfied by it, everything else is not. Numbers are compared only where the label's whole value is a
 * decimal number; any other value satisfies no comparison.
 */
export type Labels = Readonly<Record<string, string>>;

export type SelectorKind = 'in' | 'not_in' | 'exists' | 'not_exists' | 'gte' | 'gt' | 'lte' | 'lt';

export interface Selector {
  readonly label: string;
  readonly op: SelectorKind;
  /** Of `in` and `not_in`: sorted, each once. Of a comparison: one number. Else empty. */
  readonly values: readonly string[];
}

/** A worker that satisfies it is preferred to one that does not. */
export interface Preference extends Selector {
  readonly weight: number;
}

const SATISFIED = {
  in: (value, values) => value !== undefined && values.includes(value),
  not_in: (value, values) => value === undefined || !values.includes(value),
  exists: (value) => value !== undefined,
  not_exists: (value) => value === undefined,
  gte: (value, values) => compare(value, values, (one, other) => one >= other),
  gt: (value, values) => compare(value, values, (one, other) => one > other),
  lte: (value, values) => compare(value, values, (one, other) => one <= other),
  lt: (value, values) => compare(value, values, (one, other) => one < other),
} as const satisfies Record<
  SelectorKind,
  (value: string | undefined, values: readonly string[]) => boolean
>;

export function satisfies(labels: Labels, { label, op, values }: Selector): boolean {
  return SATISFIED[op](Object.hasOwn(labels, label) ? labels[label] : undefined, values);
}

/** The sum of the weights of what is satisfied. */
export function scoreOf(labels: Labels, preferences: readonly Preference[]): number {
  let score = 0;
  for (const preference of preferences)
    if (satisfies(labels, preference)) score += preference.weight;
  return score;
}

const DECIMAL = /^[+-]?\d{1,30}(?:\.\d{1,30})?$/;

/** Null for what is not a decimal number as a whole: `24GB`, `1e9`, `0x10`, blanks. */
export function toNumber(text: string): number | null {
  return DECIMAL.test(text) ? Number(text) : null;
}

function compare(
  value: string | undefined,
  [bound = '']: readonly string[],
  holds: (one: number, other: number) => boolean,
): boolean {
  const number = value === undefined ? null : toNumber(value);
  return number !== null && holds(number, Number(bound));
}

const SIGNS = { gte: '>=', gt: '>', lte: '<=', lt: '<' } as const;

/** As people write it: `gpu_memory>=24`, `zone in (a,b)`, `!spot`. */
export function describeSelector({ label, op, values }: Selector): string {
  switch (op) {
    case 'in':
      return values.length === 1 ? `${label}=${values[0]}` : `${label} in (${values.join(',')})`;
    case 'not_in':
      return values.length === 1
        ? `${label}!=${values[0]}`
        : `${label} not in (${values.join(',')})`;
    case 'exists':
      return label;
    case 'not_exists':
      return `!${label}`;
    case 'gte':
    case 'gt':
    case 'lte':
    case 'lt':
      return `${label}${SIGNS[op]}${values[0]}`;
  }
}
