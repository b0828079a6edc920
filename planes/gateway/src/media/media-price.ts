import type { PicoUsd } from '@sagewai/wire';

import type { PictureKind } from '../formats/format.ts';
import type { Deployment } from '../models/deployment.ts';
import { flatPrice, type Price, ratesOf } from '../money/price.ts';

/** What pictures and recordings cost that are not paid as tokens of text are. */
export interface MediaPrice {
  /** Tokens of a model that tells those of pictures apart. */
  readonly imageTokens?: Price | undefined;
  /** A picture, whatever it is. */
  readonly perImage?: PicoUsd | undefined;
  /** A picture by its size and quality. */
  readonly pictures?: readonly ListedPicture[] | undefined;
  /** Of a recording that is read. */
  readonly perSecond?: PicoUsd | undefined;
  /** Of a text that is spoken. */
  readonly perCharacter?: PicoUsd | undefined;
  /** Tokens in a batch. */
  readonly batch?: Price | undefined;
}

export interface ListedPicture {
  readonly size: string;
  /** Undefined: there is one only. */
  readonly quality: string | undefined;
  readonly price: PicoUsd;
}

const byUnit = (perUnit: PicoUsd, beside?: Price): Price => ({
  ...(beside ?? flatPrice(ratesOf({ input: 0n, output: 0n }))),
  perUnit,
});

/** Of one that makes pictures: each has a price, or they are made of tokens. */
export function priceOfPicture(
  { media, price }: Pick<Deployment, 'media' | 'price'>,
  picture: PictureKind | undefined,
): Price | undefined {
  const { perImage, pictures, imageTokens } = media ?? {};
  if (perImage !== undefined) return byUnit(perImage, imageTokens ?? price);
  if (pictures !== undefined) return byUnit(listed(pictures, picture));
  return imageTokens ?? price;
}

/** What is left open may become the dearest. */
function listed(pictures: readonly ListedPicture[], picture: PictureKind | undefined): PicoUsd {
  const fits = pictures.filter(
    ({ size, quality }) =>
      (picture?.size === undefined || picture.size === size) &&
      (quality === undefined || picture?.quality === undefined || picture.quality === quality),
  );
  const of = fits.length > 0 ? fits : pictures;
  return of.reduce((most, { price }) => (price > most ? price : most), 0n);
}

export function priceOfListening({
  media,
  price,
}: Pick<Deployment, 'media' | 'price'>): Price | undefined {
  return media?.perSecond === undefined ? price : byUnit(media.perSecond);
}

export function priceOfSpeaking({
  media,
  price,
}: Pick<Deployment, 'media' | 'price'>): Price | undefined {
  return media?.perCharacter === undefined ? price : byUnit(media.perCharacter);
}
