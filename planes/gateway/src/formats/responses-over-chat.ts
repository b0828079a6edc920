import {
  chatAnswerToResponse,
  ChatStreamToResponse,
  isObject,
  type JsonObject,
  responsesRequestToChat,
} from '@sagewai/translate';

import { traitsOf } from '../providers/provider.ts';
import { askingChat, translationFor } from './chat-request.ts';
import type { Crossing } from './crossing.ts';

/** A client of OpenAI's Responses, a provider of chat. */
export const RESPONSES_OVER_CHAT: Crossing = {
  client: 'responses',
  upstream: 'chat',
  open: (request, { deployment, outputCap, createdAt }) => {
    const { cap } = traitsOf(deployment.endpoint.provider);
    const { body, lost } = responsesRequestToChat(request, translationFor(deployment));
    const options = { request, createdAt };
    let opened: ChatStreamToResponse | undefined;
    return {
      body: askingChat(body, { deployment, field: cap, outputCap }),
      lost,
      answer: (answer) => chatAnswerToResponse(answer, options),
      // Midway the last event is the response itself, failed, with what was said until then.
      error: (failure) => opened?.fail(reasonOf(failure)).at(-1)?.data ?? failure,
      stream: () => {
        const events = new ChatStreamToResponse(options);
        opened = events;
        return {
          push: (chunk) => events.push(chunk).map(({ data }) => data),
          end: () => events.end().map(({ data }) => data),
        };
      },
    };
  },
};

/** Of the few codes that a failed response may have. */
function reasonOf({ error }: JsonObject): { readonly code: string; readonly message: string } {
  const of = isObject(error) ? error : {};
  const isRate = of['type'] === 'rate_limit_error' || of['code'] === 'rate_limit_exceeded';
  const { message } = of;
  return {
    code: isRate ? 'rate_limit_exceeded' : 'server_error',
    message: typeof message === 'string' ? message : 'The provider gave no reason.',
  };
}
