import { expect, test } from 'vitest';

import { chooseKey } from './choose-key.ts';
import type { KnownKey } from './key-register.sql.ts';

const at = new Date(0);
const known = (fingerprint: string, of: Partial<KnownKey> = {}): KnownKey => ({
  fingerprint,
  firstUsedAt: at,
  replacedAt: null,
  remaining: null,
  broken: 0,
  countedAt: null,
  emptiedAt: null,
  ...of,
});
const replaced = { replacedAt: at };
const emptied = { ...replaced, emptiedAt: at };

test('the first key of a database seals, and the same one goes on', () => {
  const of = { holders: [], known: [] };
  expect(chooseKey({ ...of, given: ['a'] })).toEqual({ kind: 'seal', how: 'first', with: 'a' });
  const again = chooseKey({ ...of, given: ['a', 'b'], known: [known('a')] });
  expect(again).toEqual({ kind: 'seal', how: 'same', with: 'a' });
});

test('another key seals once every server that runs can open it (R4)', () => {
  const of = { given: ['b', 'a'], known: [known('a')] } as const;
  const holders = [
    { host: 'one', opening: ['a', 'b'] },
    { host: 'two', opening: ['a'] },
  ];
  expect(chooseKey({ ...of, holders })).toMatchObject({
    kind: 'refused',
    why: expect.stringContaining('(1, on two)'),
  });
  const ready = chooseKey({ ...of, holders: holders.slice(0, 1) });
  expect(ready).toEqual({ kind: 'seal', how: 'next', with: 'b' });
});

test('a server without the key that seals, or without one that is needed, is refused (I6)', () => {
  const of = { holders: [], known: [known('b'), known('a', replaced)] };
  expect(chooseKey({ ...of, given: ['c'] })).toMatchObject({ kind: 'refused' });
  expect(chooseKey({ ...of, given: ['b'] })).toMatchObject({
    kind: 'refused',
    why: expect.stringContaining('fingerprint a'),
  });
  const known2 = [known('b'), known('a', emptied)];
  expect(chooseKey({ ...of, known: known2, given: ['b'] })).toMatchObject({ how: 'same' });
});

test('a key that was replaced does not come back, whether or not it is emptied', () => {
  for (const state of [replaced, emptied]) {
    const of = { holders: [], known: [known('b'), known('a', state)] };
    const kept = chooseKey({ ...of, given: ['a', 'b'] });
    expect(kept).toEqual({ kind: 'seal', how: 'kept', with: 'b' });
  }
});
