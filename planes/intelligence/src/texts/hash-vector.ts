import { tellingWordsOf } from './words-of.ts';

const DIMENSIONS = 384;
const LETTERS = 3;
/** A word counts as much as all its pieces together. */
const PIECE_WEIGHT = 0.5;

/**
 * A vector of the words of a text and of their pieces, so that forms of one word are near each other. It knows
 * nothing of meanings: it is what there is where no model makes vectors, and it costs nothing.
 */
export function hashVector(text: string): number[] {
  const values = Array.from({ length: DIMENSIONS }, () => 0);
  for (const word of tellingWordsOf(text)) {
    add(values, word, 1);
    const padded = `<${word}>`;
    for (let at = 0; at + LETTERS <= padded.length; at++) {
      add(values, padded.slice(at, at + LETTERS), PIECE_WEIGHT);
    }
  }
  return values;
}

/** -1 to 1; 0 where one of them says nothing. */
export function cosine(a: readonly number[], b: readonly number[]): number {
  let [both, ofA, ofB] = [0, 0, 0];
  for (let at = 0; at < a.length; at++) {
    const [left = 0, right = 0] = [a[at], b[at]];
    both += left * right;
    ofA += left * left;
    ofB += right * right;
  }
  return both === 0 ? 0 : both / Math.sqrt(ofA * ofB);
}

function add(values: number[], piece: string, weight: number): void {
  const hash = fnv1a(piece);
  const place = hash % DIMENSIONS;
  // Pieces that fall together rather cancel than add up.
  const sign = (hash >>> 31) & 1 ? -1 : 1;
  values[place] = (values[place] ?? 0) + sign * weight;
}

function fnv1a(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let at = 0; at < text.length; at++) {
    hash ^= text.charCodeAt(at);
    hash = Math.imul(hash, 0x01_00_01_93);
  }
  return hash >>> 0;
}
