import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { findCataloguePrice } from './find-catalogue-price.ts';
import { boundInput, costOf, countParts, estimateUsage, IMAGE_TOKENS_MAX } from './meter.ts';
import { ceilingOf, flatPrice, type Price, ratesOf } from './price.ts';
import { readUsdPerToken, scaleDecimal } from './read-rate.ts';
import { readInputOnly, readUsage } from './usage.ts';

const NOON = new Date('2026-11-21T12:00:00Z');

describe('a rate', () => {
  test.each([
    ['0.0000025', 2_500_000n],
    ['2.5e-06', 2_500_000n],
    ['2.5E-6', 2_500_000n],
    ['1.5e-7', 150_000n],
    ['.000001', 1_000_000n],
    ['3', 3_000_000_000_000n],
    ['0', 0n],
    ['0.000000000001', 1n],
  ])('%s USD a token is exact', (text, value) => {
    expect(readUsdPerToken(text)).toEqual({ kind: 'exact', value });
  });

  test('below a pico-dollar is told, and rounded up', () => {
    expect(readUsdPerToken('1.5e-12')).toEqual({ kind: 'rounded', value: 2n });
  });

  test.each(['', '-1', 'free', '1e', '.', '1,5', 'NaN', '1e9999'])('%j is none', (text) => {
    expect(scaleDecimal(text, 12)).toEqual({ kind: 'invalid' });
  });
});

describe('the catalogue', () => {
  test('gives integers', () => {
    expect(findCataloguePrice('gpt-4o', 'openai', NOON)).toEqual({
      price: {
        ...flatPrice(ratesOf({ input: 2_500_000n, cachedInput: 1_250_000n, output: 10_000_000n })),
        perSearch: 10_000_000_000n,
      },
      contextTokensMax: 128_000,
    });
  });

  test('says where output has no price, and that moderation is free', () => {
    const embedding = findCataloguePrice('text-embedding-3-small', 'openai', NOON)?.price;
    expect(embedding).toMatchObject({ isInputOnly: true, rates: { input: 20_000n, output: 0n } });
    expect(findCataloguePrice('gpt-4o', 'openai', NOON)?.price).not.toHaveProperty('isInputOnly');
    const moderation = findCataloguePrice('omni-moderation-latest', 'openai', NOON)?.price;
    expect(moderation).toEqual(flatPrice(ratesOf({ input: 0n, output: 0n })));
  });

  test('gives the dearer rates of a long input as a tier', () => {
    const price = findCataloguePrice('claude-sonnet-4-5', 'anthropic', NOON)?.price;
    expect(price?.rates.input).toBe(3_000_000n);
    expect(price?.tiers[0]?.inputTokensAbove).toBe(200_000);
    expect(price?.tiers[0]?.rates.input).toBeGreaterThan(3_000_000n);
  });

  test('does not know what it does not know (M4)', () => {
    expect(findCataloguePrice('my-own-model', 'openai', NOON)).toBeUndefined();
  });
});

describe('a cost', () => {
  const rates = ratesOf({
    input: 10n,
    cachedInput: 1n,
    cacheWrite: 12n,
    output: 100n,
    outputAudio: 500n,
  });
  const dear = ratesOf({ input: 20n, output: 200n });
  const price: Price = { perCall: 3n, rates, tiers: [{ inputTokensAbove: 1_000, rates: dear }] };
  const usage = {
    input: 100,
    cachedInput: 40,
    cacheWrite: 10,
    cacheWriteHour: 4,
    inputAudio: 0,
    output: 7,
    outputAudio: 2,
  };

  test('charges every part at its own rate', () => {
    expect(costOf(price, usage)).toBe(
      3n + 50n * 10n + 40n + 6n * 12n + 4n * 20n + 5n * 100n + 2n * 500n,
    );
  });

  test('charges the whole call at the rates of its tier', () => {
    expect(costOf(price, { ...usage, input: 1_000 })).toBe(3n + 950n * 10n + 40n + 152n + 1_500n);
    expect(costOf(price, { ...usage, input: 1_001 })).toBe(3n + 1_001n * 20n + 7n * 200n);
  });

  test('is never above the bound of what was used (M1)', () => {
    fc.assert(
      fc.property(fc.nat(5_000), fc.nat(5_000), fc.nat(5_000), fc.nat(5_000), (a, b, c, d) => {
        const read = readUsage({
          usage: {
            prompt_tokens: a,
            completion_tokens: b,
            prompt_tokens_details: { cached_tokens: c, audio_tokens: d },
            completion_tokens_details: { audio_tokens: d },
          },
        });
        if (read === undefined) throw new Error('no usage');
        const { perCall, input, output } = ceilingOf([price]);
        const bound = perCall + input * BigInt(a) + output * BigInt(b);
        expect(costOf(price, read)).toBeLessThanOrEqual(bound);
      }),
    );
  });
});

describe('a usage', () => {
  test.each([
    [{}],
    [{ usage: null }],
    [{ usage: { prompt_tokens: 1 } }],
    [{ usage: { prompt_tokens: -1, completion_tokens: 1 } }],
    [{ usage: { prompt_tokens: 1.5, completion_tokens: 1 } }],
    [{ usage: { prompt_tokens: '1', completion_tokens: 1 } }],
    ['text'],
  ])('is not read from %j', (body) => {
    expect(readUsage(body)).toBeUndefined();
  });

  test('has parts that fit into the whole, whatever is claimed', () => {
    const claimed = { cached_tokens: 9, cache_write_tokens: 9, audio_tokens: 9 };
    const usage = { prompt_tokens: 12, completion_tokens: 1, prompt_tokens_details: claimed };
    expect(readUsage({ usage })).toMatchObject({
      input: 12,
      cachedInput: 9,
      cacheWrite: 3,
      inputAudio: 0,
    });
  });
});

describe('the bound of an input (M1)', () => {
  const message = (...content: unknown[]): unknown => ({ role: 'user', content });

  test('counts an image by URL as the dearest image', () => {
    const parts = countParts([message({ type: 'text', text: 'x' }, { type: 'image_url' })]);
    expect(parts).toEqual({ images: 1, opaque: 0, isLong: false });
    expect(boundInput(100, parts, undefined)).toBeGreaterThan(IMAGE_TOKENS_MAX);
  });

  test('is the context of the model for a file, a recording, or a message that may be misread', () => {
    for (const odd of [
      message({ type: 'file' }),
      message({ type: 'input_audio' }),
      message('text'),
      { role: 'assistant', audio: { id: 'a' } },
      { role: 'user', '\\': [] },
    ]) {
      expect(boundInput(100, countParts([odd]), 128_000)).toBe(128_000);
    }
  });

  test('is never above the context of the model', () => {
    expect(boundInput(8_000_000, { images: 0, opaque: 0, isLong: false }, 128_000)).toBe(128_000);
  });
});

test('an estimate stays inside what was reserved', () => {
  const limits = { inputMax: 10, outputMax: 5 };
  expect(estimateUsage(9, { outputBytes: 7, outputChunks: 1 }, limits)).toMatchObject({
    input: 3,
    output: 3,
  });
  expect(estimateUsage(900, { outputBytes: 700, outputChunks: 1 }, limits)).toMatchObject({
    input: 10,
    output: 5,
  });
});

test('what only reads tells its input, or nothing but the sum', () => {
  expect(readInputOnly({ usage: { prompt_tokens: 3, total_tokens: 4 } })?.input).toBe(3);
  expect(readInputOnly({ usage: { total_tokens: 4 } })).toMatchObject({ input: 4, output: 0 });
  expect(readInputOnly({ usage: { total_tokens: -1 } })).toBeUndefined();
  expect(readInputOnly({})).toBeUndefined();
});
