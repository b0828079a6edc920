import { Fault } from '@sagewai/fault';
import type { Route, StreamInput } from '@sagewai/http';

import type { KeptVector } from '../memory/dialog.ts';
import { askRoute } from './ask-route.ts';

/** A vector for each text, in order, paid for by whoever calls; null: no model makes any. */
export type Embed = (
  as: Pick<StreamInput, 'caller' | 'request'>,
  texts: readonly string[],
) => Promise<readonly KeptVector[] | null>;

/** More of a text than this says nothing that its beginning does not. */
const TEXT_LETTERS_MAX = 8_000;

export function createEmbed(route: Route | undefined, model: string | null): Embed {
  if (model === null) return async () => null;
  if (route === undefined) throw new Error('there is no route of embeddings');
  return async (as, texts) => {
    const input = texts.map((text) => text.slice(0, TEXT_LETTERS_MAX) || ' ');
    const { status, body } = await askRoute(route, as, { model, input });
    const { data } = (status === 200 ? body : {}) as Embeddings;
    const vectors = (data ?? []).toSorted((a, b) => a.index - b.index);
    if (vectors.length !== texts.length) {
      throw new Fault('upstream.broken', `${model} made ${vectors.length} vectors (${status})`, {
        detail: `The model ${model}, which makes vectors for memory and index, did not answer with them.`,
      });
    }
    return vectors.map(({ embedding }) => ({ model, values: embedding }));
  };
}

interface Embeddings {
  readonly data?: readonly { readonly index: number; readonly embedding: number[] }[];
}
