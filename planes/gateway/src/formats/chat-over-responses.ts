import {
  chatRequestToResponses,
  type JsonObject,
  ResponsesStreamToChat,
  responseToChatAnswer,
} from '@sagewai/translate';

import type { Crossing } from './crossing.ts';

/** A client of chats, a model that OpenAI serves by Responses alone. */
export const CHAT_OVER_RESPONSES: Crossing = {
  client: 'chat',
  upstream: 'responses',
  open: (request, { deployment, outputCap, createdAt }) => {
    const { body, lost } = chatRequestToResponses(request, { outputCap });
    const options = request['stream_options'] as JsonObject | null | undefined;
    return {
      body: { ...body, model: deployment.upstreamModel },
      lost,
      answer: (answer) => responseToChatAnswer(answer, { createdAt }),
      // Both are OpenAI's own.
      error: (failure) => failure,
      stream: () => {
        const includesUsage = options?.['include_usage'] === true;
        const chunks = new ResponsesStreamToChat({ createdAt, includesUsage });
        return { push: (event) => chunks.push(event), end: () => [] };
      },
    };
  },
};
