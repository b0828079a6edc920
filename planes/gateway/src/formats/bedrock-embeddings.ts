import {
  bedrockToEmbeddings,
  converseErrorToChat,
  embeddingsToBedrock,
  type JsonObject,
} from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { NO_USAGE } from '../money/usage.ts';
import type { Crossing } from './crossing.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

/** Embeddings of Bedrock, each model in words of its own. Cohere's tell no usage: then it is an estimate. */
export const BEDROCK_EMBEDDINGS = {
  ...formatWithoutOutput('bedrock-embeddings', {
    operation: 'embeddings',
    path: '/model',
    names: { top: watch(['inputText', 'texts', 'model']), options: undefined },
    read: () => ({ ...ASKED_WITHOUT_OUTPUT, model: '' }),
    usageOf: (answer) => {
      const { inputTextTokenCount: input } = answer as JsonObject;
      const isCount = typeof input === 'number' && Number.isSafeInteger(input) && input >= 0;
      return isCount ? { ...NO_USAGE, input } : undefined;
    },
  }),
  locate: (model: string): string => `/model/${encodeURIComponent(model)}/invoke`,
};

/** A client of OpenAI's embeddings, a model of Titan's or Cohere's at Bedrock. */
export const EMBEDDINGS_OVER_BEDROCK: Crossing = {
  client: 'embeddings',
  upstream: 'bedrock-embeddings',
  open: (request, { deployment, inputTokensEstimate: inputTokens }) => {
    const { upstreamModel: model } = deployment;
    const isBase64 = request['encoding_format'] === 'base64';
    const { body, lost } = embeddingsToBedrock(request, model);
    return {
      body,
      lost,
      answer: (answer) => bedrockToEmbeddings(answer, { model, isBase64, inputTokens }),
      error: converseErrorToChat,
      stream: () => ({ push: () => [], end: () => [] }),
    };
  },
};
