/**
 * Between finding and asking: what was found twice once, the best first, and no more than there is room for. Pure; what
 * it does to real documents is measured in `measured.pg.test.ts`.
 */
import { scoreWords } from '../texts/score-words.ts';
import { tellingWordsOf } from '../texts/words-of.ts';
import type { Found } from './passage.ts';

export interface Refinement {
  readonly topK: number;
  /** Of all passages together, four letters each. */
  readonly tokensMax: number;
}

const LETTERS_A_TOKEN = 4;
// More words in common than this, and the second says what the first does.
const ALIKE = 0.7;

export const tokensOf = (text: string): number => Math.ceil(text.length / LETTERS_A_TOKEN);

export function refine(
  found: readonly Found[],
  question: string,
  { topK, tokensMax }: Refinement,
): Found[] {
  const chosen = rerank(withoutDoubles(found), question).slice(0, topK);
  const each = Math.floor(tokensMax / Math.max(1, chosen.length));
  return chosen.map((one) => ({ ...one, body: compress(one.body, question, each) }));
}

/** As found, without refinement: whole passages until there is no room. */
export function cutOff(found: readonly Found[], { topK, tokensMax }: Refinement): Found[] {
  let left = tokensMax;
  return found.slice(0, topK).filter(({ body }) => {
    left -= tokensOf(body);
    return left >= 0;
  });
}

export function withoutDoubles(found: readonly Found[]): Found[] {
  const kept: { one: Found; words: Set<string> }[] = [];
  for (const one of found) {
    const words = new Set(tellingWordsOf(one.body));
    const isSaid = kept.some(({ words: others }) => alike(words, others) > ALIKE);
    if (!isSaid) kept.push({ one, words });
  }
  return kept.map(({ one }) => one);
}

/** By the words of the question among what was found, and by how well it was found. */
export function rerank(found: readonly Found[], question: string): Found[] {
  const words = tellingWordsOf(question).join(' ');
  const scores = scoreWords(
    found.map(({ path, heading, body }) => `${path} ${heading} ${heading} ${body}`),
    words,
  );
  const [mostWords, mostFound] = [
    Math.max(...scores, 1e-9),
    Math.max(...found.map(({ score }) => score), 1e-9),
  ];
  return found
    .map((one, at) => ({ ...one, score: (scores[at] ?? 0) / mostWords + one.score / mostFound }))
    .toSorted((a, b) => b.score - a.score || a.place - b.place);
}

/** The sentences that have most to do with the question, in their order. */
export function compress(body: string, question: string, tokensMax: number): string {
  if (tokensOf(body) <= tokensMax) return body;
  const sentences = body.split(/(?<=[.!?:])\s+|\n+/).filter((sentence) => sentence.trim() !== '');
  const scores = scoreWords(sentences, tellingWordsOf(question).join(' '));
  const order = sentences
    .map((_, at) => at)
    .toSorted((a, b) => (scores[b] ?? 0) - (scores[a] ?? 0) || a - b);
  const kept = new Set<number>();
  let left = tokensMax;
  for (const at of order) {
    const cost = tokensOf(sentences[at] ?? '') + 1;
    if (cost > left) continue;
    left -= cost;
    kept.add(at);
  }
  if (kept.size === 0) return body.slice(0, tokensMax * LETTERS_A_TOKEN);
  return sentences.filter((_, at) => kept.has(at)).join('\n');
}

function alike(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  if (a.size === 0 || b.size === 0) return 0;
  const both = [...a].filter((word) => b.has(word)).length;
  return both / Math.min(a.size, b.size);
}
