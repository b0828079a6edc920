import { embeddingsToGemini, geminiErrorToChat, geminiToEmbeddings } from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import type { Crossing } from './crossing.ts';
import { readGeminiUsage } from './gemini-usage.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

/** Gemini's own embeddings, several at once. Some of its models tell no usage: then it is an estimate. */
export const GEMINI_EMBEDDINGS = {
  ...formatWithoutOutput('gemini-embeddings', {
    operation: 'embeddings',
    path: '/models',
    names: { top: watch(['requests', 'content', 'model']), options: undefined },
    read: (body) => ({
      ...ASKED_WITHOUT_OUTPUT,
      model: (body as { readonly model?: string }).model ?? '',
    }),
    usageOf: readGeminiUsage,
  }),
  locate: (model: string): string => `/models/${encodeURIComponent(model)}:batchEmbedContents`,
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
