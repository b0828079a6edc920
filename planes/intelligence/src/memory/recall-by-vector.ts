import { bestOf } from '../texts/best-of.ts';
import { cosine, hashVector } from '../texts/hash-vector.ts';
import { type Recall, textOf } from './dialog.ts';

// Nearer than texts that have nothing to do with each other.
const NEAR = 0.15;

/**
 * `vdb`: the dialogs that are nearest to the question. One without a vector of the question's model (it was said before
 * there was one) is compared by its words.
 */
export const recallByVector: Recall = (dialogs, { text, vector }, most) => {
  const ofWords = hashVector(text);
  const scores = dialogs.map((dialog) =>
    vector !== null && dialog.vector?.model === vector.model
      ? cosine(dialog.vector.values, vector.values)
      : cosine(hashVector(textOf(dialog)), ofWords),
  );
  return bestOf(scores, most, NEAR);
};
