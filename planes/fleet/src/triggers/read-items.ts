import { createHash } from 'node:crypto';

import type { PollerOptions } from '@sagewai/wire';

import { readPointer } from './read-path.ts';

export interface Item {
  /** By which it is known when it comes again. */
  readonly key: string;
  readonly body: unknown;
}

export type Items =
  | { readonly kind: 'items'; readonly items: readonly Item[] }
  | { readonly kind: 'unreadable'; readonly why: string };

/** More than any list that is meant to be asked for every few seconds. */
const ITEMS_MAX = 10_000;
const KEY = /^[\x20-\x7e]{1,200}$/;

/** The items of an answer, in its order. What is no array is one item. */
export function readItems(text: string, options: PollerOptions): Items {
  const { items: pointer = '', item_key: keyPointer = '/id' } = options;
  let answer: unknown;
  try {
    answer = JSON.parse(text);
  } catch {
    return { kind: 'unreadable', why: 'the answer is not JSON' };
  }
  const found = readPointer(answer, pointer);
  if (found === undefined || found === null) {
    return { kind: 'unreadable', why: `the answer has nothing at ${pointer}` };
  }
  const list: readonly unknown[] = Array.isArray(found) ? found : [found];
  if (list.length > ITEMS_MAX) {
    return { kind: 'unreadable', why: `the answer has more than ${ITEMS_MAX} items` };
  }
  const items = new Map<string, unknown>();
  for (const body of list) items.set(keyOf(body, keyPointer), body);
  return { kind: 'items', items: [...items].map(([key, body]) => ({ key, body })) };
}

/** An item that does not say which it is is known by all that it says. */
function keyOf(body: unknown, pointer: string): string {
  const id = readPointer(body, pointer);
  const isId = typeof id === 'string' || typeof id === 'number';
  if (isId && KEY.test(String(id))) return `id:${id}`;
  return `body:${createHash('sha256').update(JSON.stringify(body)).digest('hex')}`;
}
