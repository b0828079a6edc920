import { expect, test } from 'vitest';

import { findCataloguePrice } from '../money/find-catalogue-price.ts';
import { costOf } from '../money/meter.ts';
import { readGeminiUsage } from './gemini-usage.ts';

test('recordings that came from a cache are paid as such, without being asked for (M4)', () => {
  const usage = readGeminiUsage({
    usageMetadata: {
      promptTokenCount: 1_000,
      promptTokensDetails: [
        { modality: 'TEXT', tokenCount: 100 },
        { modality: 'AUDIO', tokenCount: 900 },
      ],
      cachedContentTokenCount: 700,
      cacheTokensDetails: [
        { modality: 'TEXT', tokenCount: 60 },
        { modality: 'AUDIO', tokenCount: 640 },
      ],
    },
  });
  const price = findCataloguePrice('gemini-2.5-flash', 'google', new Date('2026-11-01'))?.price;
  if (usage === undefined || price === undefined) throw new Error('nothing to pay');
  const micro = 40 * 0.3 + 260 * 1 + 60 * 0.03 + 640 * 0.1;
  expect(costOf(price, usage)).toBe(BigInt(Math.round(micro * 1e6)));
});

test.each([
  [{ cachedContentTokenCount: 9, cacheTokensDetails: [{ modality: 'AUDIO', tokenCount: 99 }] }, 5],
  [{ promptTokensDetails: [{ modality: 'AUDIO', tokenCount: 99 }] }, 0],
])('parts are never more than the whole: %j (M3)', (more, cached) => {
  const usage = readGeminiUsage({ usageMetadata: { promptTokenCount: 5, ...more } });
  expect(usage?.cachedInput).toBe(cached);
  expect(usage?.cachedAudio ?? 0).toBeLessThanOrEqual(cached);
  expect((usage?.inputAudio ?? 0) + cached).toBeLessThanOrEqual(5);
});
