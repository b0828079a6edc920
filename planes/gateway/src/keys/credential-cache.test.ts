import { describe, expect, test } from 'vitest';

import { CredentialCache } from './credential-cache.ts';

function cacheOf(entriesMax = 10) {
  const clock = { nowMs: 0, now: () => new Date(0), monotonicMs: () => clock.nowMs };
  const good = new Set(['a', 'b', 'c']);
  const asked: string[] = [];
  const waits: (() => void)[] = [];
  let isSlow = false;
  const cache = new CredentialCache<string>({
    clock,
    ageMsMax: 1_000,
    entriesMax,
    load: async (credential) => {
      asked.push(credential);
      if (isSlow) await new Promise<void>((resolve) => void waits.push(resolve));
      return good.has(credential) ? credential.toUpperCase() : null;
    },
  });
  return {
    clock,
    good,
    asked,
    waits,
    get: (credential: string) => cache.get(`#${credential}`, credential),
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
