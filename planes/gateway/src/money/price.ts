import type { PicoUsd } from '@sagewai/wire';

/** What one token costs, in pico-USD. */
export interface Rates {
  readonly input: PicoUsd;
  /** Input that the provider read from its cache. */
  readonly cachedInput: PicoUsd;
  /** The same of recordings, where it costs something else. */
  readonly cachedAudio?: PicoUsd | undefined;
  /** Input that the provider wrote to its cache. */
  readonly cacheWrite: PicoUsd;
  /** The same, to be kept for an hour instead of minutes. */
  readonly cacheWriteHour: PicoUsd;
  readonly inputAudio: PicoUsd;
  readonly output: PicoUsd;
  readonly outputAudio: PicoUsd;
  /** Pictures, where they cost something else than text. */
  readonly inputImage?: PicoUsd | undefined;
  readonly outputImage?: PicoUsd | undefined;
}

/**
 * The price of a model, fixed when the configuration is loaded. Integers throughout: the product of
 * a count and a rate is exact, and so is every sum of spend.
 */
export interface Price {
  readonly perCall: PicoUsd;
  /** A search of the web that the provider makes; undefined: nobody knows (M4). */
  readonly perSearch?: PicoUsd | undefined;
  /** What is charged by the piece: a picture, a second, a character. */
  readonly perUnit?: PicoUsd | undefined;
  /** What a token of output costs is not known; a call that has none is known all the same. */
  readonly isInputOnly?: true;
  readonly rates: Rates;
  /** Rates of the whole call once its input exceeds a count; ascending. Most models have none. */
  readonly tiers: readonly { readonly inputTokensAbove: number; readonly rates: Rates }[];
}

/** The four numbers that most prices are made of; what is left out costs as much as plain tokens. */
export function ratesOf(
  stated: Pick<Rates, 'input' | 'output'> & {
    readonly [Rate in keyof Rates]?: PicoUsd | undefined;
  },
): Rates {
  const { input, output } = stated;
  const cacheWrite = stated.cacheWrite ?? input;
  return {
    input,
    cachedInput: stated.cachedInput ?? input,
    cacheWrite,
    cacheWriteHour: stated.cacheWriteHour ?? hourRate(input, stated.cacheWrite),
    inputAudio: stated.inputAudio ?? input,
    output,
    outputAudio: stated.outputAudio ?? output,
    ...(stated.cachedAudio === undefined ? {} : { cachedAudio: stated.cachedAudio }),
    ...(stated.inputImage === undefined ? {} : { inputImage: stated.inputImage }),
    ...(stated.outputImage === undefined ? {} : { outputImage: stated.outputImage }),
  };
}

/** Who charges for writing at all charges twice the input for an hour, unless it is stated. */
function hourRate(input: PicoUsd, cacheWrite: PicoUsd | undefined): PicoUsd {
  if (cacheWrite === undefined || cacheWrite <= input) return cacheWrite ?? input;
  return cacheWrite > 2n * input ? cacheWrite : 2n * input;
}

export function flatPrice(rates: Rates): Price {
  return { perCall: 0n, rates, tiers: [] };
}

/** What OpenAI and Anthropic ask for in a batch; a pico-dollar that cannot be halved is ours to pay. */
export function halfOf(price: Price): Price {
  const half = (amount: PicoUsd): PicoUsd => (amount + 1n) / 2n;
  const rates = (of: Rates): Rates =>
    Object.fromEntries(
      Object.entries(of).map(([name, amount]) => [name, half(amount as PicoUsd)]),
    ) as unknown as Rates;
  return {
    ...price,
    rates: rates(price.rates),
    tiers: price.tiers.map((tier) => ({ ...tier, rates: rates(tier.rates) })),
  };
}

/** For models that run on the operator's own machines. */
export const FREE: Price = flatPrice(ratesOf({ input: 0n, output: 0n }));

/** The dearest that a token of input or of output can be under any of the prices. M1 bounds with it. */
export interface PriceCeiling {
  readonly perCall: PicoUsd;
  readonly input: PicoUsd;
  readonly output: PicoUsd;
}

/** `keepsHour`: also when something is written to a cache for an hour, which few calls ask for. */
export function ceilingOf(prices: readonly Price[], keepsHour = false): PriceCeiling {
  const all = prices.flatMap((price) => [price.rates, ...price.tiers.map(({ rates }) => rates)]);
  return {
    perCall: dearest(prices.map(({ perCall }) => perCall)),
    input: dearest(
      all.flatMap((rates) => [
        rates.input,
        rates.cachedInput,
        rates.cachedAudio ?? 0n,
        keepsHour ? rates.cacheWriteHour : rates.cacheWrite,
        rates.inputAudio,
        rates.inputImage ?? 0n,
      ]),
    ),
    output: dearest(
      all.flatMap((rates) => [rates.output, rates.outputAudio, rates.outputImage ?? 0n]),
    ),
  };
}

/** The dearest search under any of the prices; undefined where one of them is not known. */
export function dearestSearch(prices: readonly (Price | undefined)[]): PicoUsd | undefined {
  const known = prices.flatMap((price) => price?.perSearch ?? []);
  return known.length === prices.length ? dearest(known) : undefined;
}

/** The dearest piece under any of the prices. */
export function dearestUnit(prices: readonly (Price | undefined)[]): PicoUsd {
  return dearest(prices.map((price) => price?.perUnit ?? 0n));
}

function dearest(amounts: readonly PicoUsd[]): PicoUsd {
  return amounts.reduce((most, amount) => (amount > most ? amount : most), 0n);
}
