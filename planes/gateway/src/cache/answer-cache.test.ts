import { describe, expect, test } from 'vitest';

import { deploymentAt } from '../gateway-fixture.ts';
import { NO_USAGE } from '../money/usage.ts';
import { AnswerCache, type Kept } from './answer-cache.ts';

const answer = (text: string): Kept => ({
  body: Buffer.from(text),
  contentType: 'application/json',
  deployment: deploymentAt('http://a/v1'),
  usage: NO_USAGE,
  costPusd: 1n,
});

function open(bytesMax = 100_000) {
  let now = 0;
  const clock = { now: () => new Date(now), monotonicMs: () => now };
  const cache = new AnswerCache({ bytesMax, clock });
  const found = (key: string, ageMsMax?: number): string | undefined =>
    cache.find(key, ageMsMax)?.kept.body.toString();
  return { cache, found, pass: (ms: number) => void (now += ms) };
}

describe('what is kept', () => {
  test('is there for its time, and not a moment longer', () => {
    const { cache, found, pass } = open();
    cache.keep('a', answer('one'), 1_000);
    pass(999);
    expect(found('a')).toBe('one');
    pass(1);
    expect(found('a')).toBeUndefined();
    expect(cache).toMatchObject({ bytes: 0, size: 0 });
  });

  test('is not told to whoever wants a younger one, and stays for others', () => {
    const { cache, found, pass } = open();
    cache.keep('a', answer('one'), 10_000);
    pass(500);
    expect(found('a', 499)).toBeUndefined();
    expect(found('a', 500)).toBe('one');
  });

  test('is bounded by its bytes: the longest unused goes first', () => {
    const { cache, found } = open(10_000);
    const long = 'x'.repeat(500);
    for (let i = 0; i < 9; i++) cache.keep(`k${i}`, answer(long), 1_000);
    expect(found('k0')).toBe(long); // Used again, and so not the oldest.
    cache.keep('k9', answer(long), 1_000);
    expect(cache.bytes).toBeLessThanOrEqual(10_000);
    expect(found('k1')).toBeUndefined();
    expect(found('k0')).toBe(long);
    expect(found('k9')).toBe(long);
  });

  test('counts once where it is kept again', () => {
    const { cache, found } = open();
    cache.keep('a', answer('one'), 1_000);
    const { bytes } = cache;
    cache.keep('a', answer('two'), 1_000);
    expect(cache).toMatchObject({ bytes, size: 1 });
    expect(found('a')).toBe('two');
  });

  test('is nothing that would take the place of all others, and nothing without a time', () => {
    const { cache } = open(10_000);
    expect(cache.keep('a', answer('x'.repeat(1_000)), 1_000)).toBe(false);
    expect(cache.keep('a', answer('x'), 0)).toBe(false);
    expect(cache.size).toBe(0);
  });
});
