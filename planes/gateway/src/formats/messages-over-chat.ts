import {
  chatAnswerToMessage,
  chatErrorToMessages,
  ChatStreamToMessages,
  messagesRequestToChat,
} from '@sagewai/translate';

import { traitsOf } from '../providers/provider.ts';
import type { Crossing } from './crossing.ts';
import { stripCacheMarks } from './strip-cache-marks.ts';

/** A client of Anthropic's, an OpenAI-compatible provider. */
export const MESSAGES_OVER_CHAT: Crossing = {
  client: 'messages',
  upstream: 'chat',
  open: (asked, { deployment, inputTokensEstimate }) => {
    const { cap, keepsCacheMarks, keepsThinking, takesEffort } = traitsOf(
      deployment.endpoint.provider,
    );
    const { request, hadAny } = keepsCacheMarks
      ? { request: asked, hadAny: false }
      : stripCacheMarks(asked);
    const translated = messagesRequestToChat(request, {
      maxTokensField: cap,
      keepsThinking,
    });
    const { reasoning_effort: effort, ...body } = translated.body;
    const isEffortLost = effort !== undefined && !takesEffort(deployment.upstreamModel);
    // The usage of a stream is always asked for (M3).
    const asking = body['stream'] === true ? { stream_options: { include_usage: true } } : {};
    return {
      body: {
        ...body,
        ...(effort === undefined || isEffortLost ? {} : { reasoning_effort: effort }),
        ...asking,
        model: deployment.upstreamModel,
      },
      lost: [
        ...translated.lost,
        ...(hadAny ? ['cache_control'] : []),
        ...(isEffortLost ? ['thinking'] : []),
      ],
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
