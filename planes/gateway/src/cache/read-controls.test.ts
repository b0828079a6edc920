import { describe, expect, test } from 'vitest';

import {
  type CacheRules,
  type Controls,
  planCache,
  readKeyCache,
  readRequestControls,
} from './read-controls.ts';

const RULES: CacheRules = { when: 'named', ttlMs: 10_000, bytesMax: 1_000 };

const plan = (
  of: {
    rules?: Partial<CacheRules>;
    models?: (boolean | undefined)[];
    key?: Controls;
    request?: Controls;
  } = {},
) =>
  planCache(
    { ...RULES, ...of.rules },
    { models: of.models ?? [undefined], key: of.key, request: of.request ?? {} },
  );

describe('whether an answer may be kept', () => {
  test('is no, unless the operator, a model or a key says so', () => {
    expect(plan()).toBeNull();
    expect(plan({ rules: { when: 'always' } })).toMatchObject({ mayRead: true, mayStore: true });
    expect(plan({ models: [undefined, true] })).not.toBeNull();
    expect(plan({ key: { use: true } })).not.toBeNull();
    expect(plan({ request: { use: true } })).toBeNull();
    expect(plan({ rules: { when: 'asked' } })).toBeNull();
    expect(plan({ rules: { when: 'asked' }, request: { use: true } })).not.toBeNull();
  });

  test('is no where one of them says no', () => {
    const always = { when: 'always' } as const;
    expect(plan({ rules: always, models: [true, false] })).toBeNull();
    expect(plan({ rules: always, key: { use: false } })).toBeNull();
    expect(plan({ rules: always, request: { use: false } })).toBeNull();
    expect(plan({ rules: { ...always, bytesMax: 0 } })).toBeNull();
    expect(plan({ rules: always, request: { noCache: true, noStore: true } })).toBeNull();
  });

  test('a request may take away from what its key allows, and not add to it', () => {
    const key = { use: true, noStore: true, ttlMs: 5_000, ageMsMax: 2_000 };
    expect(plan({ key, request: { noStore: false, ttlMs: 9_000, ageMsMax: 60_000 } })).toEqual({
      mayRead: true,
      mayStore: false,
      ttlMs: 5_000,
      ageMsMax: 2_000,
      namespace: '',
    });
    expect(plan({ key, request: { ttlMs: 1_000, ageMsMax: 0 } })).toMatchObject({
      ttlMs: 1_000,
      ageMsMax: 0,
    });
    expect(plan({ rules: { when: 'always' }, request: { ttlMs: 99_000 } })?.ttlMs).toBe(99_000);
  });
});

describe('what a request says of it', () => {
  test('is in its body, in words of LiteLLM, or in Cache-Control', () => {
    const cache = { 'no-cache': true, 'no-store': false, ttl: 1.5, 's-maxage': 3, namespace: 'n' };
    expect(readRequestControls({ cache }, {})).toEqual({
      noCache: true,
      noStore: false,
      ttlMs: 1_500,
      ageMsMax: 3_000,
      namespace: 'n',
    });
    const headers = { 'cache-control': 'No-Cache, max-age=60, must-revalidate' };
    expect(readRequestControls({}, headers)).toEqual({ noCache: true, ageMsMax: 60_000 });
    expect(readRequestControls({ cache: { 's-maxage': 1 } }, headers)).toMatchObject({
      noCache: true,
      ageMsMax: 1_000,
    });
    expect(readRequestControls({}, { 'cache-control': 'no-store' })).toEqual({ noStore: true });
    expect(readRequestControls({}, {})).toEqual({});
  });

  test.each([
    [{ cache: true }, 'cache must be an object'],
    [{ cache: { ttl: -1 } }, 'cache/ttl must be seconds'],
    [{ cache: { 'no-cache': 'yes' } }, 'cache/no-cache must be true or false'],
    [{ cache: { 's-maxage': '5' } }, 'cache/s-maxage must be seconds'],
    [{ cache: { namespace: 5 } }, 'cache/namespace must be a text'],
    [{ cache: { nocache: true } }, 'cache/nocache is not known'],
  ])('is refused by its name where it is none: %j', (body, detail) => {
    expect(() => readRequestControls(body, {})).toThrow(
      expect.objectContaining({ code: 'request.invalid', detail: expect.stringContaining(detail) }),
    );
  });
});

test('what a key says that cannot be read keeps nothing', () => {
  expect(readKeyCache(undefined)).toBeUndefined();
  expect(readKeyCache(true)).toEqual({ use: true });
  expect(readKeyCache(false)).toEqual({ use: false });
  expect(readKeyCache({ 'no-store': true })).toEqual({ use: true, noStore: true });
  expect(readKeyCache({ 'use-cache': false })).toEqual({ use: false });
  expect(readKeyCache('yes')).toEqual({ use: false });
  expect(readKeyCache({ ttl: 'long' })).toEqual({ use: false });
  // A key allows no more than its team, nor the other way round.
  expect(readKeyCache(undefined, true)).toEqual({ use: true });
  expect(readKeyCache(true, false)).toMatchObject({ use: false });
  expect(readKeyCache(false, true)).toMatchObject({ use: false });
  expect(readKeyCache({ 'no-cache': true, ttl: 9 }, { 'no-store': true, ttl: 5 })).toEqual({
    use: true,
    noCache: true,
    noStore: true,
    ttlMs: 5_000,
  });
});
