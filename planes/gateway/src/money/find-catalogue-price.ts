import { calcPrice, type ModelPrice } from '@pydantic/genai-prices';

import type { MediaPrice } from '../media/media-price.ts';
import type { Price, Rates } from './price.ts';
import { FREE, ratesOf } from './price.ts';
import { perCallFromKcount, perSecondFromHours, perTokenFromMtok } from './read-rate.ts';

export interface CatalogueEntry {
  readonly price: Price;
  /** Tokens of input and output together. */
  readonly contextTokensMax: number | undefined;
}

const OF_PICTURES = new Set(['input_image_mtok', 'output_image_mtok', 'cache_image_read_mtok']);

/** What the catalogue knows of a model for pictures and recordings, whose answers tell more than those of a chat. */
export function findCatalogueMedia(model: string, providerId: string, at: Date): MediaPrice {
  const found = calcPrice({ input_tokens: 1 }, model, { providerId, timestamp: at });
  if (found === null) return {};
  const { model_price: stated } = found;
  const hours = stated['input_audio_hours'] ?? stated['audio_hours'];
  const others = Object.keys(stated).filter((key) => OF_PICTURES.has(key));
  const text = Object.fromEntries(Object.entries(stated).filter(([key]) => !OF_PICTURES.has(key)));
  const known = others.length === 0 ? undefined : toPrice(text);
  const rate = (key: string): bigint | undefined => {
    const amount = stated[key];
    return typeof amount === 'number' ? perTokenFromMtok(amount) : undefined;
  };
  const pictures = { inputImage: rate('input_image_mtok'), outputImage: rate('output_image_mtok') };
  return {
    ...(typeof hours === 'number' ? { perSecond: perSecondFromHours(hours) } : {}),
    ...(known ? { imageTokens: { ...known, rates: { ...known.rates, ...pictures } } } : {}),
  };
}

const COUNTED = new Set([
  'input_mtok',
  'cache_read_mtok',
  'cache_audio_read_mtok',
  'cache_write_mtok',
  'cache_write_1h_mtok',
  'output_mtok',
  'input_audio_mtok',
  'output_audio_mtok',
  'requests_kcount',
]);

// Charged only when a request asks for the feature, for which the formats look.
const ASKED_FOR = new Set([
  'web_searches_kcount',
  'storage_searches_kcount',
  'code_executions_kcount',
  'cache_write_5m_mtok',
]);

/**
 * What the bundled catalogue knows about a model, as integers. `undefined` when it does not know the
 * model, or charges for something that an answer's usage does not tell apart: a price that is partly
 * known is an unknown price (M4).
 */
export function findCataloguePrice(
  model: string,
  providerId: string,
  at: Date,
): CatalogueEntry | undefined {
  const found = calcPrice({ input_tokens: 1 }, model, { providerId, timestamp: at });
  if (found === null) return undefined;
  const price = isFree(model, found.model_price) ? FREE : toPrice(found.model_price);
  return price && { price, contextTokensMax: found.model.context_window };
}

/** OpenAI charges nothing for it, and the catalogue says so by saying nothing. */
const isFree = (model: string, stated: ModelPrice): boolean =>
  /^(?:omni|text)-moderation-/.test(model) && Object.keys(stated).length === 0;

function toPrice(stated: ModelPrice): Price | undefined {
  if (Object.keys(stated).some((key) => !COUNTED.has(key) && !ASKED_FOR.has(key))) return undefined;
  const starts = Object.values(stated).flatMap((amount) =>
    typeof amount === 'object' ? amount.tiers.map(({ start }) => start) : [],
  );
  const rates = ratesAt(stated, 0);
  if (rates === undefined) return undefined;
  const tiers = [...new Set(starts)]
    .sort((a, b) => a - b)
    .flatMap((inputTokensAbove) => {
      const dearer = ratesAt(stated, inputTokensAbove);
      return dearer ? [{ inputTokensAbove, rates: dearer }] : [];
    });
  const fee = stated['requests_kcount'];
  const perCall = typeof fee === 'number' ? perCallFromKcount(fee) : 0n;
  const search = stated['web_searches_kcount'];
  const perSearch = typeof search === 'number' ? { perSearch: perCallFromKcount(search) } : {};
  const price = { perCall, ...perSearch, rates, tiers };
  return stated['output_mtok'] === undefined ? { ...price, isInputOnly: true } : price;
}

function ratesAt(stated: ModelPrice, start: number): Rates | undefined {
  const of = (key: string): bigint | undefined => {
    const amount = stated[key];
    if (amount === undefined) return undefined;
    if (typeof amount === 'number') return perTokenFromMtok(amount);
    const tier = amount.tiers.findLast((candidate) => candidate.start <= start);
    return perTokenFromMtok(tier?.price ?? amount.base);
  };
  const input = of('input_mtok');
  const output = of('output_mtok');
  if (input === undefined) return undefined;
  return ratesOf({
    input,
    output: output ?? 0n,
    cachedInput: of('cache_read_mtok'),
    cachedAudio: of('cache_audio_read_mtok'),
    cacheWrite: of('cache_write_mtok') ?? of('cache_write_5m_mtok'),
    cacheWriteHour: of('cache_write_1h_mtok'),
    inputAudio: of('input_audio_mtok'),
    outputAudio: of('output_audio_mtok'),
  });
}
