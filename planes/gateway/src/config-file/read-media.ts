import type { PicoUsd } from '@sagewai/wire';

import type { MediaPrice } from '../media/media-price.ts';
import { flatPrice, type Price, ratesOf } from '../money/price.ts';
import type { Section } from './section.ts';

/** The first of LiteLLM's names that says something, in either of the places where it knows prices. */
function rateOf(entry: Section, names: readonly string[]): PicoUsd | undefined {
  const paths = ['model_info', 'litellm_params'].flatMap((place) =>
    names.map((name) => `${place}.${name}`),
  );
  const path = paths.find((each) => entry.has(each));
  return path === undefined ? undefined : entry.rate(path);
}

export function readAudioRates(
  entry: Section,
): readonly [PicoUsd | undefined, PicoUsd | undefined] {
  return [
    rateOf(entry, ['input_cost_per_audio_token']),
    rateOf(entry, ['output_cost_per_audio_token']),
  ];
}

/** Undefined where the entry says nothing about pictures and recordings. */
export function readMedia(entry: Section, price: Price | undefined): MediaPrice | undefined {
  const perImage = rateOf(entry, ['output_cost_per_image', 'input_cost_per_image']);
  const perSecond = rateOf(entry, ['input_cost_per_second', 'output_cost_per_second']);
  const perCharacter = rateOf(entry, ['input_cost_per_character', 'output_cost_per_character']);
  const inputImage = rateOf(entry, ['input_cost_per_image_token']);
  const outputImage = rateOf(entry, ['output_cost_per_image_token']);
  const batchInput = rateOf(entry, ['input_cost_per_token_batches']);
  const batchOutput = rateOf(entry, ['output_cost_per_token_batches']);
  const hasTokens = price !== undefined && (inputImage ?? outputImage) !== undefined;
  const media: MediaPrice = {
    ...(perImage === undefined ? {} : { perImage }),
    ...(perSecond === undefined ? {} : { perSecond }),
    ...(perCharacter === undefined ? {} : { perCharacter }),
    ...(batchInput === undefined || batchOutput === undefined
      ? {}
      : { batch: flatPrice(ratesOf({ input: batchInput, output: batchOutput })) }),
    ...(hasTokens
      ? { imageTokens: { ...price, rates: { ...price.rates, inputImage, outputImage } } }
      : {}),
  };
  return Object.keys(media).length === 0 ? undefined : media;
}
