const LINES_MAX = 4_000;
/** Letters that are not seen, or that turn the order of those beside them. */
const HIDDEN = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * A value as indented JSON; text as it is. Long ones are cut for the eye, unless somebody answers for all of it
 * (`isExact`): then no letter is hidden either.
 */
export function showJson(
  value: unknown,
  { isExact = false }: { readonly isExact?: boolean } = {},
): { readonly whole: string; readonly shown: string } {
  const whole = typeof value === 'string' ? value : (JSON.stringify(value, null, 2) ?? 'nothing');
  if (isExact) return { whole, shown: escapeHidden(whole) };
  const lines = whole.split('\n');
  if (lines.length <= LINES_MAX) return { whole, shown: whole };
  const more = `… ${lines.length - LINES_MAX} lines more`;
  return { whole, shown: [...lines.slice(0, LINES_MAX), more].join('\n') };
}

/** As JSON has them: `\u202e`. */
export const escapeHidden = (text: string): string =>
  text.replaceAll(HIDDEN, (letter) =>
    letter
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join(''),
  );
