import {
  customCallsBack,
  CustomCallsBack,
  isObject,
  type JsonObject,
  nestTools,
  readsAsResponses,
  responsesRequestToChat,
} from '@sagewai/translate';

import { traitsOf } from '../providers/provider.ts';
import { askingChat, translationFor } from './chat-request.ts';
import type { Crossing } from './crossing.ts';

/** A body that mixes chat and Responses, a provider of chat; the answer is a chat's, word for word. */
export const MIXED_OVER_CHAT: Crossing = {
  client: 'mixed',
  upstream: 'chat',
  open: (request, { deployment, outputCap }) => {
    const { cap } = traitsOf(deployment.endpoint.provider);
    const options = translationFor(deployment);
    const asking = request['stream_options'];
    const showsUsage = isObject(asking) && asking['include_usage'] === true;
    const { body, lost } = readsAsResponses(request)
      ? responsesRequestToChat(request, options)
      : nestTools(request, options.customTools);
    return {
      body: askingChat(body, { deployment, field: cap, outputCap }),
      lost,
      answer: (answer) => customCallsBack(answer, request),
      error: (failure) => failure,
      stream: () => {
        const calls = new CustomCallsBack(request);
        return {
          push: (chunk) =>
            (showsUsage ? [chunk] : withoutUsage(chunk)).flatMap((each) => calls.push(each)),
          end: () => [],
        };
      },
    };
  },
};

const isEmpty = (choices: unknown): boolean => Array.isArray(choices) && choices.length === 0;

/** Only we asked for it. */
function withoutUsage({ usage, ...chunk }: JsonObject): JsonObject[] {
  const isOnlyUsage = isObject(usage) && isEmpty(chunk['choices']);
  return isOnlyUsage ? [] : [chunk];
}
