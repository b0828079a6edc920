import { bestOf } from '../texts/best-of.ts';
import { scoreWords } from '../texts/score-words.ts';
import { tellingWordsOf } from '../texts/words-of.ts';
import { type Recall, textOf } from './dialog.ts';

/** `kv`: the dialogs that have the words of the question, by BM25. */
export const recallByWords: Recall = (dialogs, question, most) =>
  bestOf(scoreWords(dialogs.map(textOf), tellingWordsOf(question.text).join(' ')), most);
