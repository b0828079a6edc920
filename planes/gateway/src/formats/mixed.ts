import { CHAT } from './chat.ts';
import type { Format } from './format.ts';
import { countItems, type ResponsesRequest } from './responses-parts.ts';

/**
 * What agents send to the path of chat that is no chat: a body of Responses, or a chat with tools of
 * Responses (Cursor). It is answered as a chat. Only clients speak it.
 */
export const MIXED: Format = {
  ...CHAT,
  name: 'mixed',
  read: (given, headers) => {
    const body = given as ResponsesRequest & { readonly messages?: readonly unknown[] | null };
    const messages = body.messages ?? [];
    const chat = CHAT.read({ ...body, messages }, headers);
    if (body.messages) return { ...chat, hidesUsage: false };
    return {
      ...chat,
      hidesUsage: false,
      parts: countItems({ ...body, tools: null }),
      outputStated: body.max_output_tokens ?? undefined,
    };
  },
};
