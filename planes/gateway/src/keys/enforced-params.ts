import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { isObject } from '@sagewai/translate';

import { readEndUser } from '../facet-limits/read-end-user.ts';

/**
 * What each call of a key must say, as `user` or `metadata.purpose`: LiteLLM's `enforced_params`. Limits of end
 * users hold for those alone who name one, so a key may be made to.
 */
export type EnforcedParams = readonly string[];

export const ENFORCED_FIELD = 'enforced_params';

const PARAMS_MAX = 50;
const PATH = /^[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*$/;

export const isParamPath = (value: unknown): value is string =>
  typeof value === 'string' && value.length <= 200 && PATH.test(value);

/** Of a key and its team; undefined: none, as of almost every key. Null: they cannot be read, and nothing may pass. */
export function readEnforced(
  ...metadata: readonly Readonly<Record<string, unknown>>[]
): EnforcedParams | null | undefined {
  const given = metadata.map((one) => one[ENFORCED_FIELD] ?? []);
  if (!given.every((one) => isParamList(one))) return null;
  const all = [...new Set(given.flat())];
  return all.length === 0 ? undefined : all;
}

export const isParamList = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length <= PARAMS_MAX && value.every(isParamPath);

/** Throws for a call that leaves one out. */
export function demandParams(
  enforced: EnforcedParams | null,
  { body, request }: Pick<StreamInput, 'body' | 'request'>,
): void {
  if (enforced === null) {
    throw refuse('what this key demands of requests cannot be read: its metadata.enforced_params');
  }
  const missing = enforced.find((path) => !says(body, path.split('.')));
  if (missing === undefined) return;
  // Whom a call is for may be said by a header as well, for bodies that have no place for it.
  if (missing === 'user' && readEndUser(request.headers, body) !== null) {
    return demandParams(
      enforced.filter((path) => path !== missing),
      { body, request },
    );
  }
  throw refuse(`${missing} is missing: this key demands it of every request`);
}

function says(value: unknown, [name, ...rest]: readonly string[]): boolean {
  if (name === undefined) return value !== undefined && value !== null && value !== '';
  return isObject(value) && Object.hasOwn(value, name) && says(value[name], rest);
}

const refuse = (why: string): Fault =>
  new Fault('request.invalid', 'a parameter that the key demands is missing', {
    detail: `${why}.`,
  });
