import { watch } from '../bytes/find-fields.ts';
import { readInputOnly } from '../money/usage.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

interface RerankRequest {
  readonly model: string;
  readonly query: unknown;
  readonly documents: readonly unknown[];
}

/** What Cohere began and others took over: a question, and documents that are read together with it. */
export const RERANK = formatWithoutOutput('rerank', {
  operation: 'rerank',
  path: '/rerank',
  names: { top: watch(['model', 'query', 'documents']), options: undefined },
  read: (given) => {
    const { model, query, documents } = given as RerankRequest;
    // The question is read anew with each document (M1).
    const repeatedBytes = Buffer.byteLength(JSON.stringify(query)) * documents.length;
    const images = documents.filter(isPicture).length + (isPicture(query) ? 1 : 0);
    return {
      ...ASKED_WITHOUT_OUTPUT,
      model,
      parts: { ...ASKED_WITHOUT_OUTPUT.parts, images, repeatedBytes },
    };
  },
  usageOf: readInputOnly,
});

/** Anything that has more to it than a text. */
function isPicture(document: unknown): boolean {
  if (typeof document !== 'object' || document === null) return false;
  return 'image' in document || 'image_url' in document || 'content' in document;
}
