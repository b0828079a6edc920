import type { PicoUsd } from '@sagewai/wire';

const DECIMAL = /^\+?(?<whole>\d*)(?:\.(?<fraction>\d*))?(?:[eE](?<exponent>[+-]?\d{1,3}))?$/;

export type Scaled =
  | { readonly kind: 'exact'; readonly value: bigint }
  /** It has digits below the last one kept; `value` is rounded up, so that it never undercharges. */
  | { readonly kind: 'rounded'; readonly value: bigint }
  | { readonly kind: 'invalid' };

/**
 * A decimal as text, times 10^`power`, as an integer. The text is never a float on the way:
 * 0.1 + 0.2 in prices would be wrong by the millionth call.
 */
export function scaleDecimal(text: string, power: number): Scaled {
  const groups = DECIMAL.exec(text.trim())?.groups;
  const whole = groups?.['whole'] ?? '';
  const fraction = groups?.['fraction'] ?? '';
  const digits = whole + fraction;
  if (groups === undefined || digits === '' || digits.length > 400) return { kind: 'invalid' };
  const shift = power + Number(groups['exponent'] ?? 0) - fraction.length;
  const unscaled = BigInt(digits);
  if (shift >= 0) return { kind: 'exact', value: unscaled * 10n ** BigInt(shift) };
  const divisor = 10n ** BigInt(-shift);
  const value = unscaled / divisor;
  return unscaled % divisor === 0n
    ? { kind: 'exact', value }
    : { kind: 'rounded', value: value + 1n };
}

const PICO_PER_USD_POWER = 12;
const TOKENS_PER_MTOK_POWER = 6;
const CALLS_PER_KCOUNT_POWER = 3;

/** US dollars a token, as an operator writes it (`2.5e-06`, `0.0000025`), in pico-USD a token. */
export function readUsdPerToken(text: string): Scaled {
  return scaleDecimal(text, PICO_PER_USD_POWER);
}

/** US dollars a million tokens, as the catalogue has it. The shortest decimal of a float is what was meant. */
export function perTokenFromMtok(usdPerMtok: number): PicoUsd {
  return roundedUp(usdPerMtok, PICO_PER_USD_POWER - TOKENS_PER_MTOK_POWER);
}

export function perCallFromKcount(usdPerKcount: number): PicoUsd {
  return roundedUp(usdPerKcount, PICO_PER_USD_POWER - CALLS_PER_KCOUNT_POWER);
}

const SECONDS_PER_HOUR = 3_600n;

export function perSecondFromHours(usdPerHour: number): PicoUsd {
  return (roundedUp(usdPerHour, PICO_PER_USD_POWER) + SECONDS_PER_HOUR - 1n) / SECONDS_PER_HOUR;
}

function roundedUp(amount: number, power: number): PicoUsd {
  const scaled = scaleDecimal(String(amount), power);
  if (scaled.kind === 'invalid') throw new Error(`the price catalogue holds ${amount}`);
  return scaled.value;
}
