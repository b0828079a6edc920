import type { CallInput } from '@sagewai/sdk';

import { UsageError } from '../usage-error.ts';

export type Selector = NonNullable<CallInput<'runs.submitRun'>['body']['selectors']>[number];

const COMPARISON = /^([^<>=!]+?)\s*(>=|<=|!=|==|=|>|<)\s*(.*)$/;
const MEMBERSHIP = /^(\S+)\s+(in|not\s+in|notin)\s*\((.*)\)$/;
const OPS = {
  '>=': 'gte',
  '<=': 'lte',
  '>': 'gt',
  '<': 'lt',
  '=': 'eq',
  '==': 'eq',
  '!=': 'ne',
} as const;
const NUMBER = /^[+-]?\d+(?:\.\d+)?$/;
const FORMS = 'label=a, label!=a, label>=24, label in (a,b), label not in (a,b), label or !label';

/** `gpu_memory>=24`, `zone in (a,b)`, `zone not in (a,b)`, `tier=gold`, `nvlink`, `!spot`. */
export function parseRequired(text: string): Selector {
  return parse(text, '--require');
}

/** As `parseRequired`, with a weight at the end: `zone in (a,b):5`. */
export function parsePreferred(text: string): Selector {
  const [, rest = text, weight] = /^(.*):(\d+)$/s.exec(text) ?? [];
  const selector = { ...parse(rest, '--prefer'), required: false };
  if (weight === undefined) return selector;
  const value = Number(weight);
  if (value < 1 || value > 100) throw new UsageError(`--prefer: a weight is 1 to 100: ${text}`);
  return { ...selector, weight: value };
}

function parse(given: string, flag: string): Selector {
  const text = given.trim();
  const [, member, how, list] = MEMBERSHIP.exec(text) ?? [];
  if (member !== undefined && list !== undefined) {
    const values = list.split(',').map((value) => value.trim());
    if (values.includes('')) throw new UsageError(`${flag}: an empty value in the list: ${given}`);
    return { label: member, op: how === 'in' ? 'in' : 'not_in', values };
  }
  const [, label, sign, value = ''] = COMPARISON.exec(text) ?? [];
  if (label !== undefined && sign !== undefined) {
    const op = OPS[sign as keyof typeof OPS];
    if (op !== 'eq' && op !== 'ne' && !NUMBER.test(value)) {
      throw new UsageError(`${flag}: ${sign} compares with a decimal number: ${given}`);
    }
    return { label, op, value };
  }
  const negated = text.startsWith('!');
  const name = negated ? text.slice(1).trim() : text;
  if (/^[^\s()<>=!,]+$/.test(name)) return { label: name, op: negated ? 'not_exists' : 'exists' };
  throw new UsageError(`${flag}: expected ${FORMS}; got ${JSON.stringify(given)}`);
}
