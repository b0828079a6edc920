import { describe, expect, test } from 'vitest';

import { CredentialCache } from './credential-cache.ts';

function cacheOf(entriesMax = 10) {
  const clock = {
    nowMs: 0,
    failure: null as Error | null,
    now: () => new Date(0),
    monotonicMs: () => clock.nowMs,
  };
  const good = new Set(['a', 'b', 'c']);
  const asked: string[] = [];
  const waits: (() => void)[] = [];
  let isSlow = false;
  const cache = new CredentialCache<string>({
    clock,
    ageMsMax: 1_000,
    entriesMax,
    away: {
      ageMsMaxOf: (found) => (found === 'A' ? 5_000 : 0),
      isAway: (error) => error instanceof Error && error.message === 'away',
    },
    load: async (credential) => {
      asked.push(credential);
      if (isSlow) await new Promise<void>((resolve) => void waits.push(resolve));
      if (clock.failure) throw clock.failure;
      return good.has(credential) ? credential.toUpperCase() : null;
    },
  });
  return {
    clock,
    good,
    asked,
    waits,
    get: (credential: string) => cache.get(`#${credential}`, credential),
    forget: () => cache.forgetAll(),
    slow: () => {
      isSlow = true;
    },
  };
}

describe('what is known about a credential', () => {
  test('is answered at once, and never when it is a second old', async () => {
    const { get, clock, asked, good } = cacheOf();
    expect(await get('a')).toBe('A');
    clock.nowMs = 400;
    expect(get('a')).toBe('A');
    expect(asked).toEqual(['a']);
    good.delete('a');
    clock.nowMs = 1_000;
    expect(get('a')).toBeInstanceOf(Promise);
    expect(await get('a')).toBeNull();
  });

  test('is asked for again once everything is forgotten, whatever a look-up from before will find', async () => {
    const { get, forget, slow, waits, good, asked } = cacheOf();
    slow();
    const before = get('x');
    good.add('x');
    forget();
    const after = get('x');
    expect(asked).toEqual(['x', 'x']);
    good.delete('x');
    waits[0]?.();
    expect(await before).toBeNull();
    good.add('x');
    waits[1]?.();
    expect(await after).toBe('X');
    expect(get('x')).toBe('X');
  });

  test('is renewed at half its age without anybody waiting', async () => {
    const { get, clock, asked } = cacheOf();
    await get('a');
    clock.nowMs = 600;
    expect(get('a')).toBe('A');
    expect(get('a')).toBe('A');
    expect(asked).toEqual(['a', 'a']);
    await Promise.resolve();
    await Promise.resolve();
    clock.nowMs = 1_500;
    expect(get('a')).toBe('A');
  });

  test('is as old as its question, not as its answer', async () => {
    const { get, clock, slow, waits } = cacheOf();
    slow();
    const first = get('a');
    clock.nowMs = 900;
    waits[0]?.();
    expect(await first).toBe('A');
    clock.nowMs = 1_000;
    expect(get('a')).toBeInstanceOf(Promise);
  });

  test('is asked for once by all who ask together', async () => {
    const { get, asked } = cacheOf();
    expect(await Promise.all([get('a'), get('a'), get('a')])).toEqual(['A', 'A', 'A']);
    expect(asked).toEqual(['a']);
  });

  test('is bounded, and wrong credentials cannot push out good ones', async () => {
    const { get, asked } = cacheOf(2);
    await get('a');
    for (const wrong of ['x', 'y', 'z', 'w']) expect(await get(wrong)).toBeNull();
    expect(get('a')).toBe('A');
    expect(get('w')).toBeNull();
    const before = asked.length;
    await get('x');
    expect(asked.length).toBe(before + 1);
  });
});

test('while nobody can be asked one that may be older is answered until it is that old, and no other', async () => {
  const { get, clock, asked, slow, waits } = cacheOf();
  await get('a');
  await get('b');
  clock.nowMs = 2_000;
  clock.failure = new Error('broken');
  await expect(get('a')).rejects.toThrow('broken');
  clock.failure = new Error('away');
  await expect(get('b')).rejects.toThrow('away');
  await expect(get('c')).rejects.toThrow('away');
  expect(await get('a')).toBe('A');
  const before = asked.length;
  clock.nowMs = 2_100;
  expect(get('a')).toBe('A'); // nobody waits for another failure so soon
  expect(asked).toHaveLength(before);
  clock.nowMs = 4_999;
  expect(await get('a')).toBe('A');
  clock.nowMs = 5_000;
  await expect(get('a')).rejects.toThrow('away');
  clock.failure = null;
  expect(await get('a')).toBe('A');
  // A database that hangs is asked for a while: it has grown too old meanwhile.
  clock.nowMs = 9_999;
  clock.failure = new Error('away');
  slow();
  const asking = get('a');
  clock.nowMs = 10_000;
  waits[0]?.();
  await expect(asking).rejects.toThrow('away');
});
