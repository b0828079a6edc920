import {
  embeddingsToGemini,
  geminiErrorToChat,
  geminiToEmbeddings,
  isObject,
  type JsonObject,
} from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import type { Crossing } from './crossing.ts';
import type { Format } from './format.ts';
import { countGeminiParts } from './gemini-parts.ts';
import { readGeminiUsage } from './gemini-usage.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

/** Gemini's own embeddings, several at once. Some of its models tell no usage: then it is an estimate. */
export const GEMINI_EMBEDDINGS = {
  ...formatWithoutOutput('gemini-embeddings', {
    operation: 'embeddings',
    path: '/models',
    names: { top: watch(['requests', 'content', 'model']), options: undefined },
    read: (given) => {
      const body = given as JsonObject;
      const requests = [body['requests'], body].flat();
      const contents = requests.filter(isObject).map(({ content }) => content ?? null);
      const { model } = body;
      return {
        ...ASKED_WITHOUT_OUTPUT,
        model: typeof model === 'string' ? model : '',
        // Some embed pictures and recordings too.
        parts: { ...countGeminiParts(contents), isLong: true },
      };
    },
    usageOf: readGeminiUsage,
  }),
  locate: (model: string): string => `/models/${encodeURIComponent(model)}:batchEmbedContents`,
};

/** One of them, as clients of Gemini's own ask for it; nothing is translated to it. */
export const GEMINI_EMBED: Format = {
  ...GEMINI_EMBEDDINGS,
  name: 'gemini-embed',
  locate: (model) => `/models/${encodeURIComponent(model)}:embedContent`,
};

/** A client of OpenAI's embeddings, a provider of Gemini's. */
export const EMBEDDINGS_OVER_GEMINI: Crossing = {
  client: 'embeddings',
  upstream: 'gemini-embeddings',
  open: (request, { deployment, inputTokensEstimate: inputTokens }) => {
    const { upstreamModel: model } = deployment;
    const isBase64 = request['encoding_format'] === 'base64';
    const { body, lost } = embeddingsToGemini(request, model);
    return {
      body,
      lost,
      answer: (answer) => geminiToEmbeddings(answer, { model, isBase64, inputTokens }),
      error: geminiErrorToChat,
      stream: () => ({ push: () => [], end: () => [] }),
    };
  },
};
