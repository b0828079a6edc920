import { looksCounted, looksRepeated } from '@sagewai/crypto';

import { isCommonPassword } from './common-passwords.ts';

/**
 * What a password must be (NIST SP 800-63B-4, OWASP ASVS 5.0 V6.2): long, and not one that is guessed
 * early. Nothing about kinds of letters, and no expiry: both make people choose worse ones.
 */
export const PASSWORD_LENGTH_MIN = 15;
export const PASSWORD_LENGTH_MAX = 256;

/** Shorter pieces are in every text. */
const PIECE_LENGTH_MIN = 4;
/** One that is at most so many known pieces, and so many other letters, is guessed early. */
const PIECES_MAX = 2;
const OTHERS_MAX = 3;
const DISTINCT_MIN = 5;

/** Null when it will do, else what is wrong with it, without it. `about`: what is known of its owner. */
export function checkPassword(password: string, about: readonly string[]): string | null {
  const letters = Array.from(password.normalize('NFC'));
  if (letters.length < PASSWORD_LENGTH_MIN)
    return `It is too short: ${PASSWORD_LENGTH_MIN} characters at least. A few words in a row will do.`;
  if (letters.length > PASSWORD_LENGTH_MAX)
    return `It is too long: ${PASSWORD_LENGTH_MAX} characters at most.`;
  const folded = letters.join('').toLowerCase();
  const bytes = Buffer.from(folded);
  if (new Set(folded).size < DISTINCT_MIN || looksRepeated(bytes) || looksCounted(bytes))
    return 'It repeats or counts, and is guessed at once.';
  const words = new Set(about.flatMap(wordsOf));
  const isKnown = (piece: string): boolean => words.has(piece) || isCommonPassword(piece);
  return isCommonPassword(folded) || isPatched(folded, isKnown)
    ? 'It is made of passwords that are tried first, or of your name or address.'
    : null;
}

const wordsOf = (text: string): string[] =>
  text
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word.length >= PIECE_LENGTH_MIN);

/** Whether few known pieces, and hardly another letter, make up the text. */
function isPatched(text: string, isKnown: (piece: string) => boolean): boolean {
  // For each place and number of other letters so far: the fewest pieces that lead there.
  const fewest: number[][] = Array.from({ length: text.length + 1 }, () =>
    Array.from({ length: OTHERS_MAX + 1 }, () => Infinity),
  );
  const reach = (at: number, others: number, pieces: number): void => {
    const row = fewest[at];
    if (row && others <= OTHERS_MAX) row[others] = Math.min(row[others] ?? Infinity, pieces);
  };
  reach(0, 0, 0);
  for (let from = 0; from < text.length; from += 1) {
    for (const [others, pieces] of (fewest[from] ?? []).entries()) {
      if (pieces > PIECES_MAX) continue;
      reach(from + 1, others + 1, pieces);
      if (pieces === PIECES_MAX) continue;
      for (let to = from + PIECE_LENGTH_MIN; to <= text.length; to += 1) {
        if (isKnown(text.slice(from, to))) reach(to, others, pieces + 1);
      }
    }
  }
  return (fewest[text.length] ?? []).some((pieces) => pieces <= PIECES_MAX);
}
