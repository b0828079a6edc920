import { findListedMedia } from '../media/listed-prices.ts';
import type { MediaPrice } from '../media/media-price.ts';
import { findCatalogueMedia, findCataloguePrice } from '../money/find-catalogue-price.ts';
import { FREE, halfOf, type Price } from '../money/price.ts';
import { catalogueOf, type ProviderName, traitsOf } from '../providers/provider.ts';
import { findOutputLimit } from './output-limits.ts';

/** In a batch, of whatever the catalogue says. */
const ASKS_HALF: ReadonlySet<ProviderName> = new Set(['openai', 'anthropic']);

/** What a configuration states itself; the rest is looked up. */
export interface Stated {
  readonly price?: Price | undefined;
  readonly media?: MediaPrice | undefined;
  readonly outputTokensMax?: number | undefined;
  readonly contextTokensMax?: number | undefined;
}

/**
 * Price and limits of a model at a provider: what the configuration states wins, then what is local
 * is free, then the catalogue. What nobody knows stays `undefined` (M4).
 */
export function priceDeployment(
  provider: ProviderName,
  upstreamModel: string,
  stated: Stated,
  at: Date,
): {
  price: Price | undefined;
  media: MediaPrice;
  outputTokensMax: number | undefined;
  contextTokensMax: number | undefined;
} {
  const { isLocal } = traitsOf(provider);
  const catalogueId = catalogueOf(provider, upstreamModel);
  const known = catalogueId && findCataloguePrice(upstreamModel, catalogueId, at);
  return {
    price: stated.price ?? (isLocal ? FREE : known ? known.price : undefined),
    media: {
      ...(stated.price === undefined && ASKS_HALF.has(provider) && known && known.price
        ? { batch: halfOf(known.price) }
        : {}),
      ...(catalogueId && findCatalogueMedia(upstreamModel, catalogueId, at)),
      ...(catalogueId && findListedMedia(upstreamModel, catalogueId)),
      ...stated.media,
    },
    outputTokensMax: stated.outputTokensMax ?? findOutputLimit(upstreamModel),
    contextTokensMax: stated.contextTokensMax ?? (known ? known.contextTokensMax : undefined),
  };
}
