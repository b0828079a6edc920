import { isObject, type JsonObject } from '@sagewai/translate';

import { watch } from '../bytes/find-fields.ts';
import { CHAT } from './chat.ts';
import type { Asked, Format } from './format.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

interface OllamaRequest {
  readonly model: string;
  readonly messages?: readonly unknown[] | null;
  readonly images?: readonly unknown[] | null;
  readonly stream?: boolean | null;
  readonly options?: unknown;
}

/** Ollama's own interface: only clients speak it here. One object, or one a line. */
const LINES = {
  ...CHAT,
  streamType: 'application/x-ndjson',
  read: (given: unknown): Asked => {
    const body = given as OllamaRequest;
    const limit = isObject(body.options) ? body.options['num_predict'] : undefined;
    return {
      model: body.model,
      wantsStream: body.stream !== false,
      hidesUsage: false,
      parts: { images: countImages(body), opaque: 0, isLong: false },
      choices: 1,
      hasPrediction: false,
      // Negative numbers mean as many as there is room for.
      outputStated: typeof limit === 'number' && limit >= 0 ? Math.ceil(limit) : undefined,
      keepsHour: false,
      unpriced: undefined,
    };
  },
  errorBody: ({ message }: { readonly message: string }): JsonObject => ({ error: message }),
  frame: (event: JsonObject): string => `${JSON.stringify(event)}\n`,
  lastFrame: '',
} satisfies Partial<Format>;

export const OLLAMA_CHAT: Format = {
  ...LINES,
  name: 'ollama-chat',
  path: '/api/chat',
  names: { top: watch(['model', 'messages', 'options', 'stream']), options: undefined },
};

export const OLLAMA_GENERATE: Format = {
  ...LINES,
  name: 'ollama-generate',
  operation: 'text_completion',
  path: '/api/generate',
  names: { top: watch(['model', 'prompt', 'images', 'options', 'stream']), options: undefined },
};

export const OLLAMA_EMBED: Format = {
  ...formatWithoutOutput('ollama-embed', {
    operation: 'embeddings',
    path: '/api/embed',
    names: { top: watch(['model', 'input']), options: undefined },
    read: (body) => ({
      ...ASKED_WITHOUT_OUTPUT,
      model: (body as { readonly model: string }).model,
    }),
    usageOf: () => undefined,
  }),
  errorBody: LINES.errorBody,
};

function countImages({ messages, images }: OllamaRequest): number {
  const ofMessages = (messages ?? []).map((message) =>
    isObject(message) ? message['images'] : [],
  );
  return [images, ...ofMessages].reduce<number>(
    (sum, list) => sum + (Array.isArray(list) ? list.length : 0),
    0,
  );
}
