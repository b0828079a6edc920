import {
  chatAnswerToMessage,
  chatErrorToMessages,
  ChatStreamToMessages,
  messagesRequestToChat,
} from '@sagewai/translate';

import { traitsOf } from '../providers/provider.ts';
import type { Crossing } from './crossing.ts';

/** A client of Anthropic's, an OpenAI-compatible provider. */
export const MESSAGES_OVER_CHAT: Crossing = {
  client: 'messages',
  upstream: 'chat',
  open: (request, { deployment, inputTokensEstimate }) => {
    const { body, lost } = messagesRequestToChat(request, {
      maxTokensField: traitsOf(deployment.endpoint.provider).cap,
      keepsThinking: false,
    });
    // The usage of a stream is always asked for (M3).
    const asking = body['stream'] === true ? { stream_options: { include_usage: true } } : {};
    return {
      body: { ...body, ...asking, model: deployment.upstreamModel },
      lost,
      answer: chatAnswerToMessage,
      error: chatErrorToMessages,
      stream: () => {
        const events = new ChatStreamToMessages({ inputTokensEstimate });
        return {
          push: (chunk) => events.push(chunk).map(({ data }) => data),
          end: () => events.end().map(({ data }) => data),
        };
      },
    };
  },
};
