import type { Operation } from './apply-patch.ts';
import { refused, type Refused } from './filter.ts';
import { asList, isObject, type Json } from './match-filter.ts';
import { sameName } from './schema.ts';

export type ReadOperations =
  | { readonly kind: 'operations'; readonly operations: readonly Operation[] }
  | Refused;

const OPERATIONS_MAX = 1_000;
const OPS = ['add', 'remove', 'replace'] as const;

/** The operations of a PATCH. Names and operations count in any case: Entra ID sends `Add`. */
export function readOperations(body: Json): ReadOperations {
  const given = asList(fieldOf(body, 'Operations'));
  if (given.length === 0) return refused('invalidSyntax', 'There are no Operations.');
  if (given.length > OPERATIONS_MAX) {
    return refused('tooMany', `At most ${OPERATIONS_MAX} operations are taken at once.`);
  }
  const operations: Operation[] = [];
  for (const each of given) {
    if (!isObject(each)) return refused('invalidSyntax', 'An operation is an object.');
    const word = fieldOf(each, 'op');
    const op = OPS.find((one) => typeof word === 'string' && sameName(one, word));
    if (op === undefined) {
      return refused('invalidSyntax', 'The op of an operation is add, remove or replace.');
    }
    const path = fieldOf(each, 'path');
    if (path !== undefined && path !== null && typeof path !== 'string') {
      return refused('invalidPath', 'The path of an operation is a text.');
    }
    operations.push({
      op,
      path: typeof path === 'string' && path.trim() !== '' ? path : null,
      value: fieldOf(each, 'value'),
    });
  }
  return { kind: 'operations', operations };
}

/** A field by its name in any case. */
export function fieldOf(object: Json, name: string): unknown {
  const key = Object.keys(object).find((each) => sameName(each, name));
  return key === undefined ? undefined : object[key];
}
