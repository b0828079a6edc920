import type { Values } from './resolve.ts';

export interface Misspelling {
  readonly name: string;
  readonly suggestion: string;
}

/** Differences that still look like a slip: a letter in four, at most two. */
const slipsMax = (word: string): number => Math.min(2, Math.floor(word.length / 4));

/**
 * Variables under our prefix that no process knows and that resemble one: “SAGEWAI_HOEM, did you
 * mean SAGEWAI_HOME?”. Unknown ones that resemble nothing may be another version's; they pass.
 */
export function findMisspellings(
  known: readonly string[],
  environment: Values,
  prefix = 'SAGEWAI_',
): Misspelling[] {
  return Object.keys(environment)
    .filter((name) => name.startsWith(prefix) && !known.includes(name))
    .flatMap((name) => {
      const suggestion = suggest(name, known);
      return suggestion === null ? [] : [{ name, suggestion }];
    });
}

/** The known word that was most likely meant; null when none is near. */
export function suggest(word: string, known: readonly string[]): string | null {
  let nearest: string | null = null;
  let slipsLeast = slipsMax(word) + 1;
  for (const candidate of known) {
    const slips = countSlips(word, candidate);
    if (slips < slipsLeast) [nearest, slipsLeast] = [candidate, slips];
  }
  return nearest;
}

/** Letters inserted, left out, replaced, or swapped with their neighbour. */
export function countSlips(left: string, right: string): number {
  let beforePrevious: number[] = [];
  let previous = Array.from({ length: right.length + 1 }, (_, index) => index);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      const swapped = left[row - 1] === right[column - 2] && left[row - 2] === right[column - 1];
      current[column] = Math.min(
        (previous[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (previous[column - 1] ?? 0) + (same ? 0 : 1),
        swapped && row > 1 && column > 1 ? (beforePrevious[column - 2] ?? 0) + 1 : Infinity,
      );
    }
    [beforePrevious, previous] = [previous, current];
  }
  return previous[right.length] ?? 0;
}
