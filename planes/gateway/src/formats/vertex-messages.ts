import { CHAT_OVER_MESSAGES } from './chat-over-messages.ts';
import type { Crossing } from './crossing.ts';
import type { Format } from './format.ts';
import { MESSAGES } from './messages.ts';

const VERSION = 'vertex-2023-10-16';

/** Anthropic's messages at Vertex AI: the URL names the model, and the body a version in its place. */
export const VERTEX_MESSAGES: Format = {
  ...MESSAGES,
  name: 'vertex-messages',
  variantOf: 'messages',
  insteadOfModel: `"anthropic_version":${JSON.stringify(VERSION)}`,
  locate: (model, wantsStream) =>
    `/models/${encodeURIComponent(model)}:${wantsStream ? 'streamRawPredict' : 'rawPredict'}`,
  headers: {},
  // Google refuses what it does not know.
  passQuery: () => '',
};

/** A client of OpenAI's, Claude at Vertex AI. */
export const CHAT_OVER_VERTEX: Crossing = {
  ...CHAT_OVER_MESSAGES,
  upstream: 'vertex-messages',
  open: (request, options) => {
    const crossed = CHAT_OVER_MESSAGES.open(request, options);
    const { model: _, ...body } = crossed.body;
    return { ...crossed, body: { anthropic_version: VERSION, ...body } };
  },
};
