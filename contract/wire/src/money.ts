/**
 * Money is an integer count of pico-USD (10⁻¹² dollars): a token may cost less than a millionth of a
 * cent, and sums of integers are exact. On the wire it is a decimal string in dollars.
 */
export type PicoUsd = bigint;

export const PICO_PER_USD = 1_000_000_000_000n;

const FRACTION_DIGITS = 12;

/** Up to a trillion dollars, to the pico-dollar; no sign, no exponent. */
export const USD_PATTERN = '^(0|[1-9][0-9]{0,11})(\\.[0-9]{1,12})?$';

const USD = new RegExp(USD_PATTERN);

/** `1.5`, `0.00000015`, `-2`: exact, with no more digits than it needs. */
export function formatUsd(pico: PicoUsd): string {
  const sign = pico < 0n ? '-' : '';
  const size = pico < 0n ? -pico : pico;
  const fraction = (size % PICO_PER_USD)
    .toString()
    .padStart(FRACTION_DIGITS, '0')
    .replace(/0+$/, '');
  return `${sign}${size / PICO_PER_USD}${fraction && `.${fraction}`}`;
}

/** The inverse of `formatUsd` for amounts that are not negative. Throws a RangeError for other text. */
export function parseUsd(text: string): PicoUsd {
  if (!USD.test(text)) throw new RangeError('not an amount of US dollars');
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole) * PICO_PER_USD + BigInt(fraction.padEnd(FRACTION_DIGITS, '0'));
}
