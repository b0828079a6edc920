import type { MemoryBackend } from '@sagewai/wire';

import { type Dialog, type Question, type Recall, textOf } from './dialog.ts';
import { recallByGraph } from './recall-by-graph.ts';
import { recallByVector } from './recall-by-vector.ts';
import { recallByWords } from './recall-by-words.ts';

/** The last ones, whatever was asked. */
export const SHORT_TERM_DIALOGS = 10;
/** What others than `short_term` remind of beside what they find: an answer refers to what was just said. */
const LAST_DIALOGS = 2;

/** Each word of a question is compared with each dialog, and everybody waits meanwhile: of a long one its beginning is. */
const QUESTION_LETTERS_MAX = 8_000;
/** For the same reason, of all dialogs together; the last ones count. */
const DIALOG_LETTERS_MAX = 1_000_000;

const RECALLS = {
  short_term: () => [],
  vdb: recallByVector,
  kv: recallByWords,
  graph: recallByGraph,
} as const satisfies Record<MemoryBackend, Recall>;

export interface Bounds {
  readonly topK: number;
  readonly bytesMax: number;
}

/** What of a chat a model is reminded of, oldest first. Where not all has room, what was said last has. */
export function chooseDialogs(
  memory: MemoryBackend,
  dialogs: readonly Dialog[],
  { question, bounds }: { readonly question: Question; readonly bounds: Bounds },
): Dialog[] {
  const last = memory === 'short_term' ? SHORT_TERM_DIALOGS : LAST_DIALOGS;
  const before = dialogs.slice(0, Math.max(0, dialogs.length - last));
  const ofLast = dialogs.map((_, place) => place).slice(before.length);
  const asked = { ...question, text: question.text.slice(0, QUESTION_LETTERS_MAX) };
  let letters = 0;
  const from =
    before.findLastIndex((dialog) => (letters += textOf(dialog).length) > DIALOG_LETTERS_MAX) + 1;
  const found = RECALLS[memory](before.slice(from), asked, bounds.topK);
  const places = [...ofLast.toReversed(), ...found.map((place) => place + from)];
  let left = bounds.bytesMax;
  const kept = places.filter((place) => {
    const dialog = dialogs[place];
    if (dialog === undefined) return false;
    const bytes = Buffer.byteLength(textOf(dialog));
    if (bytes > left) return false;
    left -= bytes;
    return true;
  });
  return kept.toSorted((a, b) => a - b).flatMap((place) => dialogs[place] ?? []);
}
