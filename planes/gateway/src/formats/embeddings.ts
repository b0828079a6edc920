import { watch } from '../bytes/find-fields.ts';
import { readInputOnly } from '../money/usage.ts';
import { ASKED_WITHOUT_OUTPUT, formatWithoutOutput } from './without-output.ts';

/** OpenAI's embeddings. Tokens may be sent as numbers: each has at least a byte too. */
export const EMBEDDINGS = formatWithoutOutput('embeddings', {
  operation: 'embeddings',
  path: '/embeddings',
  names: {
    top: watch(['model', 'timeout', 'input', 'encoding_format', 'dimensions']),
    options: undefined,
  },
  read: (body) => ({ ...ASKED_WITHOUT_OUTPUT, model: (body as { readonly model: string }).model }),
  usageOf: readInputOnly,
});
