import { describe, expect, test } from 'vitest';

import { priceDeployment } from '../models/price-deployment.ts';
import { costOf } from '../money/meter.ts';
import type { ProviderName } from '../providers/provider.ts';
import { IMAGES } from './images.ts';
import { priceOfListening, priceOfPicture, priceOfSpeaking } from './media-price.ts';
import { readPictures } from './picture-usage.ts';

const at = (model: string, provider: ProviderName = 'openai') =>
  priceDeployment(provider, model, {}, new Date('2026-11-01T00:00:00Z'));

const usd = (amount: number): bigint => BigInt(Math.round(amount * 1e6)) * 1_000_000n;

const NONE = {
  input: 0,
  cachedInput: 0,
  cacheWrite: 0,
  cacheWriteHour: 0,
  inputAudio: 0,
  output: 0,
  outputAudio: 0,
};

describe('the price of a picture', () => {
  test.each([
    ['dall-e-2', '256x256', undefined, 0.016],
    ['dall-e-3', '1024x1024', 'standard', 0.04],
    ['dall-e-3', '1792x1024', 'hd', 0.12],
    // What is left open may become the dearest (M1).
    ['dall-e-3', '1024x1024', undefined, 0.08],
    ['dall-e-3', undefined, undefined, 0.12],
    ['dall-e-2', '9x9', undefined, 0.02],
  ])('%s %s %s', (model, size, quality, dollars) => {
    expect(priceOfPicture(at(model), { size, quality })?.perUnit).toBe(usd(dollars));
  });

  test('of a model that counts tokens tells those of pictures and of text apart', () => {
    const price = priceOfPicture(at('gpt-image-1.5'), undefined);
    const usage = readPictures({
      data: [{}],
      usage: {
        input_tokens: 50,
        input_tokens_details: { text_tokens: 10, image_tokens: 40 },
        output_tokens: 110,
        output_tokens_details: { image_tokens: 100, text_tokens: 10 },
      },
    });
    if (price === undefined || usage === undefined) throw new Error('it is known');
    const cost = usd((10 * 5 + 40 * 8 + 100 * 32 + 10 * 10) / 1e6);
    expect(costOf(price, usage)).toBe(cost);
  });

  test('is not that of a chat: it is not known there (M4)', () => {
    expect(at('gpt-image-1').price).toBeUndefined();
    expect(at('gpt-image-1').media.imageTokens).toBeDefined();
    expect(at('some-image-model').media).toEqual({});
    expect(priceOfPicture(at('some-image-model'), undefined)).toBeUndefined();
  });

  test('is bounded by its pixels, its quality and the partial ones (M1)', () => {
    const bound = (body: object) =>
      IMAGES.read({ model: 'm', prompt: 'p', ...body }, {}).media?.outputTokens ?? 0;
    const more = 1_024; // what a provider adds
    expect(bound({ size: '1024x1024', quality: 'low' })).toBe(272 + more);
    expect(bound({ size: '1024x1536', quality: 'high', n: 2 })).toBe(2 * 6_240 + more);
    expect(bound({ size: 'auto' })).toBe(14_625 + more);
    expect(bound({ size: '1024x1024', quality: 'medium', stream: true, partial_images: 2 })).toBe(
      1_056 + 200 + more,
    );
  });
});

test('a recording is paid by the second, a spoken text by the character, or both by tokens', () => {
  const whisper = priceOfListening(at('whisper-1'));
  expect(whisper && costOf(whisper, { ...NONE, units: 60 })).toBe(usd(0.006));
  const heard = priceOfListening(at('gpt-4o-transcribe'));
  expect(heard && costOf(heard, { ...NONE, input: 110, inputAudio: 100, output: 10 })).toBe(
    usd((10 * 2.5 + 100 * 6 + 10 * 10) / 1e6),
  );
  const spoken = priceOfSpeaking(at('tts-1'));
  expect(spoken && costOf(spoken, { ...NONE, units: 1_000 })).toBe(usd(0.015));
  expect(priceOfSpeaking(at('gpt-4o-mini-tts'))?.perUnit).toBeUndefined();
  // What runs on the operator's own machines is free.
  expect(priceOfListening(at('whisper', 'ollama'))).toMatchObject({ rates: { input: 0n } });
});

test('behind a LiteLLM proxy, names that everybody knows have their prices', () => {
  expect(at('text-embedding-3-small', 'litellm').price?.rates.input).toBe(20_000n);
  expect(priceOfListening(at('whisper-1', 'litellm'))).toBeDefined();
  expect(priceOfSpeaking(at('tts-1', 'litellm'))?.perUnit).toBe(15_000_000n);
  expect(at('whisper-large-v3', 'litellm')).toMatchObject({ price: undefined, media: {} });
});

test('a batch of OpenAI’s or Anthropic’s costs half; where a price is stated, only what is stated', () => {
  const { price, media } = at('gpt-4o');
  expect(media.batch?.rates.input).toBe((price?.rates.input ?? 0n) / 2n);
  expect(media.batch?.rates.output).toBe((price?.rates.output ?? 0n) / 2n);
  const claude = at('claude-opus-4-1', 'anthropic');
  expect(claude.media.batch?.rates.cacheWriteHour).toBe(
    (claude.price?.rates.cacheWriteHour ?? 0n) / 2n,
  );
  expect(at('gemini-2.5-pro', 'gemini').media.batch).toBeUndefined();
  const stated = priceDeployment('openai', 'gpt-4o', { price }, new Date('2026-11-01T00:00:00Z'));
  expect(stated.media.batch).toBeUndefined();
});
