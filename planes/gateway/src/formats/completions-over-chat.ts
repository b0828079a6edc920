import {
  chatAnswerToCompletion,
  ChatStreamToCompletion,
  completionRequestToChat,
  isObject,
  promptOf,
} from '@sagewai/translate';

import { traitsOf } from '../providers/provider.ts';
import { askingChat } from './chat-request.ts';
import type { Crossing } from './crossing.ts';

/** A client of the older completions, a provider of chat. */
export const COMPLETIONS_OVER_CHAT: Crossing = {
  client: 'completions',
  upstream: 'chat',
  open: (request, { deployment }) => {
    const { cap } = traitsOf(deployment.endpoint.provider);
    const { body, lost } = completionRequestToChat(request, { maxTokensField: cap });
    const echo = { echo: request['echo'] === true ? promptOf(request) : '' };
    const options = request['stream_options'];
    const showsUsage = isObject(options) && options['include_usage'] === true;
    return {
      // Its limit is always stated, or the little that the format means where none is.
      body: askingChat(body, { deployment, field: cap, outputCap: undefined }),
      lost,
      answer: (answer) => chatAnswerToCompletion(answer, echo),
      error: (failure) => failure,
      stream: () => {
        const chunks = new ChatStreamToCompletion(echo);
        return {
          push: (chunk) => chunks.push(showsUsage ? chunk : { ...chunk, usage: undefined }),
          end: () => [],
        };
      },
    };
  },
};
