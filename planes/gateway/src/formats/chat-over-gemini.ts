import {
  chatRequestToGemini,
  geminiErrorToChat,
  GeminiStreamToChat,
  geminiToChatAnswer,
  type JsonObject,
  Untranslatable,
} from '@sagewai/translate';

import type { Crossing } from './crossing.ts';

/** A client of OpenAI's, a provider that speaks Gemini's own format. */
export const CHAT_OVER_GEMINI: Crossing = {
  client: 'chat',
  upstream: 'gemini',
  open: (request, { deployment, outputCap, createdAt }) => {
    const { upstreamModel: model } = deployment;
    const isStream = request['stream'] === true;
    // Which of several candidates is the last to end, a stream does not tell.
    if (isStream && typeof request['n'] === 'number' && request['n'] > 1)
      throw new Untranslatable('n', 'a stream of Gemini has one candidate');
    const { body, lost } = chatRequestToGemini(request, { model, outputCap });
    const options = request['stream_options'] as JsonObject | null | undefined;
    const includesUsage = options?.['include_usage'] === true;
    return {
      body,
      lost,
      answer: (answer) => geminiToChatAnswer(answer, { model, createdAt }),
      error: geminiErrorToChat,
      stream: () => {
        const chunks = new GeminiStreamToChat({ model, createdAt, includesUsage });
        return { push: (event) => chunks.push(event), end: () => chunks.end() };
      },
    };
  },
};
