import { Fault } from '@sagewai/fault';
import { hasFlatTools, type JsonObject, readsAsResponses } from '@sagewai/translate';

import { CHAT } from './chat.ts';
import type { Format } from './format.ts';
import { MIXED } from './mixed.ts';
import { refuseStored } from './refuse-stored.ts';

/** Some agents send Responses to the path of chat, or chats with tools of Responses. */
export function chatOrMixed(body: object): Format {
  const given = body as JsonObject;
  if (readsAsResponses(given)) {
    refuseStored(given);
    return MIXED;
  }
  if (!Array.isArray(given['messages'])) throw hasNoMessages();
  return hasFlatTools(given) ? MIXED : CHAT;
}

const hasNoMessages = (): Fault =>
  new Fault('request.invalid', 'a chat without messages', {
    detail: 'body: "messages" must be a list',
    mistakes: [{ part: 'body', path: '/messages', message: 'must be a list' }],
  });
