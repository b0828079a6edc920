import type { OutputOf, searchIndex } from '@sagewai/wire';

import type { Found } from './passage.ts';

const SHOWN_LETTERS = 500;

type Source = Omit<OutputOf<typeof searchIndex>['results'][number], 'content' | 'rank'>;

/** A passage as it is cited. */
export const toSource = ({ body, path, heading, chunk, score }: Found, at: number): Source => ({
  id: at + 1,
  text: body.slice(0, SHOWN_LETTERS),
  full_text: body,
  doc_path: path,
  heading,
  chunk,
  score,
});
