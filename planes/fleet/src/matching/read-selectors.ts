import type { WireSelector } from '@sagewai/wire';

import { type Preference, type Selector, type SelectorKind, toNumber } from './selector.ts';

export interface ReadSelectors {
  readonly required: readonly Selector[];
  readonly preferred: readonly Preference[];
}

export type SelectorsRead =
  | ({ readonly kind: 'read' } & ReadSelectors)
  | { readonly kind: 'mistaken'; readonly at: number; readonly message: string };

const KINDS = {
  in: 'in',
  not_in: 'not_in',
  eq: 'in',
  ne: 'not_in',
  exists: 'exists',
  not_exists: 'not_exists',
  gte: 'gte',
  gt: 'gt',
  lte: 'lte',
  lt: 'lt',
} as const satisfies Record<WireSelector['op'], SelectorKind>;

/** Equal for equal meanings, in whatever order and words they were given. */
export function readSelectors(given: readonly WireSelector[]): SelectorsRead {
  const required = new Map<string, Selector>();
  const preferred = new Map<string, Preference>();
  for (const [at, each] of given.entries()) {
    const values = valuesOf(each);
    if (typeof values === 'string') return { kind: 'mistaken', at, message: values };
    const { label, op, required: isRequired = true, weight } = each;
    const selector: Selector = { label, op: KINDS[op], values };
    const key = JSON.stringify([label, KINDS[op], values]);
    if (!isRequired) {
      const sum = (preferred.get(key)?.weight ?? 0) + (weight ?? 1);
      preferred.set(key, { ...selector, weight: sum });
    } else if (weight === undefined) required.set(key, selector);
    else return { kind: 'mistaken', at, message: 'a required selector has no weight' };
  }
  return { kind: 'read', required: inOrder(required), preferred: inOrder(preferred) };
}

/** A text: what is wrong. */
function valuesOf({ op, value, values }: WireSelector): readonly string[] | string {
  if (value !== undefined && values !== undefined) return 'say value or values, not both';
  switch (op) {
    case 'exists':
    case 'not_exists':
      return value === undefined && values === undefined ? [] : `${op} takes no value`;
    case 'gte':
    case 'gt':
    case 'lte':
    case 'lt': {
      const [text, more] = given(value, values);
      const number = text === undefined || more !== undefined ? null : toNumber(text);
      return number === null ? `${op} takes one decimal number` : [String(number)];
    }
    case 'eq':
    case 'ne': {
      const texts = given(value, values);
      return texts.length === 1 ? texts : `${op} takes one value`;
    }
    case 'in':
    case 'not_in': {
      const texts = given(value, values);
      return texts.length > 0 ? [...new Set(texts)].toSorted() : `${op} takes values`;
    }
  }
}

function given(
  value: string | number | undefined,
  values: readonly string[] | undefined,
): readonly string[] {
  if (values !== undefined) return values;
  return value === undefined ? [] : [typeof value === 'number' ? toText(value) : value];
}

/** In digits, never as 1e21: a label is written so as well. */
function toText(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}

function inOrder<Item>(of: ReadonlyMap<string, Item>): Item[] {
  return [...of].toSorted(([one], [other]) => (one < other ? -1 : 1)).map(([, item]) => item);
}
