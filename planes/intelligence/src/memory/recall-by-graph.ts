/**
 * `graph`: words that were said in one sentence are neighbours, and the question's words light up theirs. So a dialog is
 * found that has no word of the question, but one of a dialog that has: “Ada works at Acme”, “Acme is in Oslo”, and
 * somebody asks where Ada works.
 */
import { bestOf } from '../texts/best-of.ts';
import { tellingWordsOf } from '../texts/words-of.ts';
import { type Dialog, type Recall, textOf } from './dialog.ts';

/** How much of its light a word hands on, shared among its neighbours by how often they stood together. */
const HANDED_ON = 0.5;
const STEPS = 2;

const SENTENCE = /[.!?\n]+/;

export const recallByGraph: Recall = (dialogs, question, most) => {
  const words = dialogs.map((dialog) => new Set(tellingWordsOf(textOf(dialog))));
  const light = spread(neighboursIn(dialogs), new Set(tellingWordsOf(question.text)));
  const rarity = rarityOf(words);
  const scores = words.map((ofDialog) => {
    let score = 0;
    for (const word of ofDialog) score += (light.get(word) ?? 0) * (rarity.get(word) ?? 0);
    return score / Math.sqrt(ofDialog.size || 1);
  });
  return bestOf(scores, most);
};

type Neighbours = ReadonlyMap<string, ReadonlyMap<string, number>>;

function neighboursIn(dialogs: readonly Dialog[]): Neighbours {
  const neighbours = new Map<string, Map<string, number>>();
  for (const sentence of dialogs.flatMap((dialog) => textOf(dialog).split(SENTENCE))) {
    // A sentence without end would make everything a neighbour of everything.
    const together = [...new Set(tellingWordsOf(sentence))].slice(0, 30);
    for (const word of together) {
      const of = neighbours.get(word) ?? new Map<string, number>();
      neighbours.set(word, of);
      for (const other of together) if (other !== word) of.set(other, (of.get(other) ?? 0) + 1);
    }
  }
  return neighbours;
}

function spread(neighbours: Neighbours, asked: ReadonlySet<string>): Map<string, number> {
  const light = new Map([...asked].map((word) => [word, 1]));
  let front = new Map(light);
  for (let step = 0; step < STEPS; step++) {
    const next = new Map<string, number>();
    for (const [word, much] of front) {
      const of = neighbours.get(word);
      if (of === undefined) continue;
      const all = [...of.values()].reduce((sum, count) => sum + count, 0);
      for (const [other, count] of of) {
        next.set(other, (next.get(other) ?? 0) + (HANDED_ON * much * count) / all);
      }
    }
    for (const [word, much] of next) light.set(word, (light.get(word) ?? 0) + much);
    front = next;
  }
  return light;
}

function rarityOf(texts: readonly ReadonlySet<string>[]): Map<string, number> {
  const having = new Map<string, number>();
  for (const word of texts.flatMap((of) => [...of])) having.set(word, (having.get(word) ?? 0) + 1);
  return new Map(
    [...having].map(([word, count]) => [word, Math.log(1 + texts.length / count)] as const),
  );
}
