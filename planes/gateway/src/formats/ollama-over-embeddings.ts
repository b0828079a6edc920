import { embeddingsToOllama, ollamaEmbedToEmbeddings, textOf } from '@sagewai/translate';

import type { Crossing } from './crossing.ts';
import { ollamaError } from './ollama-over-chat.ts';

const NS_PER_MS = 1_000_000;

/** A client of Ollama's own interface, a provider of OpenAI's embeddings. */
export const OLLAMA_EMBED_OVER_EMBEDDINGS: Crossing = {
  client: 'ollama-embed',
  upstream: 'embeddings',
  open: (request, { deployment, now }) => {
    const { body, lost } = ollamaEmbedToEmbeddings(request);
    const begun = now().getTime();
    return {
      body: { ...body, model: deployment.upstreamModel },
      lost,
      answer: (answer) =>
        embeddingsToOllama(answer, {
          model: textOf(request['model']),
          totalNs: (now().getTime() - begun) * NS_PER_MS,
        }),
      error: ollamaError,
      stream: () => ({ push: () => [], end: () => [] }),
    };
  },
};
