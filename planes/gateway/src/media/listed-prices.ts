import type { PicoUsd } from '@sagewai/wire';

import type { ListedPicture, MediaPrice } from './media-price.ts';

const CENT = 10_000_000_000n;
const MICRO_USD = 1_000_000n;

const picture = (size: string, price: PicoUsd, quality?: string): ListedPicture => ({
  size,
  quality,
  price,
});

const DALL_E_2 = {
  pictures: [
    picture('256x256', (CENT * 16n) / 10n),
    picture('512x512', (CENT * 18n) / 10n),
    picture('1024x1024', CENT * 2n),
  ],
};

const DALL_E_3 = {
  pictures: [
    picture('1024x1024', CENT * 4n, 'standard'),
    picture('1024x1792', CENT * 8n, 'standard'),
    picture('1792x1024', CENT * 8n, 'standard'),
    picture('1024x1024', CENT * 8n, 'hd'),
    picture('1024x1792', CENT * 12n, 'hd'),
    picture('1792x1024', CENT * 12n, 'hd'),
  ],
};

/** From OpenAI's list of prices: what the bundled catalogue has no words for. */
const LISTED: readonly (readonly [RegExp, MediaPrice])[] = [
  [/^dall-e-2$/, DALL_E_2],
  [/^dall-e-3$/, DALL_E_3],
  [/^tts-1(?:-\d{4})?$/, { perCharacter: 15n * MICRO_USD }],
  [/^tts-1-hd(?:-\d{4})?$/, { perCharacter: 30n * MICRO_USD }],
];

export function findListedMedia(model: string, catalogueId: string): MediaPrice {
  if (catalogueId !== 'openai') return {};
  return LISTED.find(([pattern]) => pattern.test(model))?.[1] ?? {};
}
