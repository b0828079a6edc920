import {
  chatRequestToMessages,
  type JsonObject,
  messagesErrorToChat,
  MessagesStreamToChat,
  messageToChatAnswer,
} from '@sagewai/translate';

import type { Crossing } from './crossing.ts';

/** A client of OpenAI's, a provider of Anthropic's. */
export const CHAT_OVER_MESSAGES: Crossing = {
  client: 'chat',
  upstream: 'messages',
  open: (request, { deployment, maxTokensDefault, createdAt }) => {
    const { body, lost } = chatRequestToMessages(request, { maxTokensDefault });
    const options = request['stream_options'] as JsonObject | null | undefined;
    return {
      body: { ...body, model: deployment.upstreamModel },
      lost,
      answer: (answer) => messageToChatAnswer(answer, createdAt),
      error: messagesErrorToChat,
      stream: () => {
        const includesUsage = options?.['include_usage'] === true;
        const chunks = new MessagesStreamToChat({ createdAt, includesUsage });
        return { push: (event) => chunks.push(event), end: () => [] };
      },
    };
  },
};
