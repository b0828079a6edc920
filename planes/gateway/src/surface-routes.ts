import { implementStream, type Route } from '@sagewai/http';
import {
  createCompletion,
  createEmbedding,
  createModeration,
  createRerank,
  createResponse,
} from '@sagewai/wire';

import type { Forward } from './calls/forward.ts';
import { COMPLETIONS } from './formats/completions.ts';
import { EMBEDDINGS } from './formats/embeddings.ts';
import { MODERATION_MODEL, MODERATIONS } from './formats/moderations.ts';
import { RERANK } from './formats/rerank.ts';
import { keepResponse } from './kept-responses/keep-response.ts';
import type { ResponseKeys } from './kept-responses/response-id.ts';
import { mediaRoutes } from './media/media-routes.ts';
import type { MediaSettings } from './media/media-settings.ts';

const OWN_HEAD = { hasOwnHead: true };

/** What models can be asked beside chats and messages, in OpenAI's words and in those that others added. */
export function surfaceRoutes({
  forward,
  responseKeys,
  media,
}: {
  readonly forward: Forward;
  readonly responseKeys: ResponseKeys;
  readonly media: MediaSettings;
}): Route[] {
  return [
    ...mediaRoutes({ forward, ...media }),
    implementStream(
      createResponse,
      (given) => {
        const { input, format } = keepResponse(given, responseKeys);
        return forward(input, format);
      },
      OWN_HEAD,
    ),
    implementStream(createCompletion, (input) => forward(input, COMPLETIONS), OWN_HEAD),
    implementStream(createEmbedding, (input) => forward(input, EMBEDDINGS), OWN_HEAD),
    implementStream(createRerank, (input) => forward(input, RERANK), OWN_HEAD),
    implementStream(
      createModeration,
      (input) => {
        const { body } = input;
        if (body.model !== undefined) return forward(input, MODERATIONS);
        // The provider's own default may be another than the one that is paid for.
        const named = { ...body, model: MODERATION_MODEL };
        return forward(
          { ...input, body: named, raw: Buffer.from(JSON.stringify(named)) },
          MODERATIONS,
        );
      },
      OWN_HEAD,
    ),
  ];
}
