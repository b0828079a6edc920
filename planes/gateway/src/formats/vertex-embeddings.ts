import {
  embeddingsToVertex,
  geminiErrorToChat,
  type JsonObject,
  vertexEmbeddingTokens,
  vertexToEmbeddings,
} from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { NO_USAGE } from '../money/usage.ts';
import type { Crossing } from './crossing.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

/** Embeddings of Vertex AI, as its predictions: nobody asks for them so but we. */
export const VERTEX_EMBEDDINGS = {
  ...formatWithoutOutput('vertex-embeddings', {
    operation: 'embeddings',
    path: '/models',
    names: { top: watch(['instances', 'model']), options: undefined },
    read: () => ({ ...ASKED_WITHOUT_OUTPUT, model: '' }),
    usageOf: (answer) => {
      const input = vertexEmbeddingTokens(answer as JsonObject);
      return input === undefined ? undefined : { ...NO_USAGE, input };
    },
  }),
  locate: (model: string): string => `/models/${encodeURIComponent(model)}:predict`,
};

/** A client of OpenAI's embeddings, a model of Google's at Vertex AI. */
export const EMBEDDINGS_OVER_VERTEX: Crossing = {
  client: 'embeddings',
  upstream: 'vertex-embeddings',
  open: (request, { deployment, inputTokensEstimate: inputTokens }) => {
    const { upstreamModel: model } = deployment;
    const isBase64 = request['encoding_format'] === 'base64';
    const { body, lost } = embeddingsToVertex(request);
    return {
      body,
      lost,
      answer: (answer) => vertexToEmbeddings(answer, { model, isBase64, inputTokens }),
      error: geminiErrorToChat,
      stream: () => ({ push: () => [], end: () => [] }),
    };
  },
};
