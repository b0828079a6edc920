import { bestOf } from './best-of.ts';
import { type Recall, textOf } from './dialog.ts';
import { scoreWords } from './score-words.ts';
import { tellingWordsOf } from './words-of.ts';

/** `kv`: the dialogs that have the words of the question, by BM25. */
export const recallByWords: Recall = (dialogs, question, most) =>
  bestOf(scoreWords(dialogs.map(textOf), tellingWordsOf(question.text).join(' ')), most);
