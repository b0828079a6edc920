import { wordsOf } from './words-of.ts';

// The usual ones: how soon more of a word adds nothing, and how much the length of a text counts.
const SATURATION = 1.2;
const LENGTH_WEIGHT = 0.75;

/** BM25: how well each text answers to the words of a question. 0: it has none of them. */
export function scoreWords(texts: readonly string[], question: string): number[] {
  const counted = texts.map((text) => countWords(wordsOf(text)));
  const average = counted.reduce((sum, { length }) => sum + length, 0) / counted.length || 1;
  const asked = new Set(wordsOf(question));
  const rarity = new Map(
    [...asked].map((word) => {
      const having = counted.filter(({ of }) => of.has(word)).length;
      return [word, Math.log(1 + (counted.length - having + 0.5) / (having + 0.5))] as const;
    }),
  );
  return counted.map(({ of, length }) => {
    let score = 0;
    for (const [word, rare] of rarity) {
      const count = of.get(word);
      if (count === undefined) continue;
      const slowed = SATURATION * (1 - LENGTH_WEIGHT + (LENGTH_WEIGHT * length) / average);
      score += (rare * count * (SATURATION + 1)) / (count + slowed);
    }
    return score;
  });
}

function countWords(words: readonly string[]): {
  readonly of: ReadonlyMap<string, number>;
  readonly length: number;
} {
  const of = new Map<string, number>();
  for (const word of words) of.set(word, (of.get(word) ?? 0) + 1);
  return { of, length: words.length };
}
