/**
 * How an index is searched; another one (an extension of the database, a service) takes its place here.
 *
 * By words and by vectors apart, because their scores do not compare; then by the places that a passage has in both
 * (reciprocal rank fusion). Vectors are compared one by one: exact, and as long as the index is.
 */
import type { Executor } from '@sagewai/postgres';

import type { OfProject } from '../chats/chat.ts';
import { tellingWordsOf } from '../texts/words-of.ts';
import { findByWords, listPassages, listVectors } from './knowledge.sql.ts';
import { nearness, packVector, unpackVector } from './pack-vector.ts';
import type { Found, IndexRow } from './passage.ts';

export interface Search {
  (
    tx: Executor,
    of: OfProject,
    asked: {
      readonly index: IndexRow;
      readonly text: string;
      /** Null: by words alone. */
      readonly vector: readonly number[] | null;
      readonly most: number;
    },
  ): Promise<Found[]>;
}

const VECTORS_AT_ONCE = 1_000;
// How much the first places count beside the later ones.
const FUSION = 60;
// What is not nearer than this has nothing to do with the question.
const NEAR = 0.25;

export const searchExactly: Search = async (tx, of, { index, text, vector, most }) => {
  const { generation } = index;
  if (generation === null) return [];
  const words = [...new Set(tellingWordsOf(text))];
  const byWords = words.length === 0 ? [] : await findByWords(tx, of, { generation, words, most });
  const near = vector === null ? [] : await nearest(tx, of, { generation, vector, most });
  const scores = fuse([byWords.map(({ place }) => place), near]);
  const known = new Map(byWords.map((found) => [found.place, found]));
  const missing = near.filter((place) => !known.has(place));
  const rest =
    missing.length === 0 ? [] : await listPassages(tx, of, { generation, places: missing });
  return [...byWords, ...rest]
    .map((found) => ({ ...found, score: scores.get(found.place) ?? 0 }))
    .toSorted((a, b) => b.score - a.score || a.place - b.place)
    .slice(0, most);
};

export function fuse(lists: readonly (readonly number[])[]): Map<number, number> {
  const scores = new Map<number, number>();
  for (const list of lists) {
    for (const [at, place] of list.entries()) {
      scores.set(place, (scores.get(place) ?? 0) + 1 / (FUSION + at + 1));
    }
  }
  return scores;
}

/** Their places, the nearest first. */
async function nearest(
  tx: Executor,
  of: OfProject,
  asked: {
    readonly generation: string;
    readonly vector: readonly number[];
    readonly most: number;
  },
): Promise<number[]> {
  const { generation, most } = asked;
  const question = unpackVector(packVector(asked.vector));
  let best: { place: number; near: number }[] = [];
  for (let after = -1; ;) {
    const page = await listVectors(tx, of, { generation, after, limit: VECTORS_AT_ONCE });
    const near = page.map(({ place, vector }) => ({
      place,
      near: nearness(unpackVector(vector), question),
    }));
    best = [...best, ...near.filter((one) => one.near >= NEAR)]
      .toSorted((a, b) => b.near - a.near || a.place - b.place)
      .slice(0, most);
    after = page.at(-1)?.place ?? after;
    if (page.length < VECTORS_AT_ONCE) return best.map(({ place }) => place);
  }
}
