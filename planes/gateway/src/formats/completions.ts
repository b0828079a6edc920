import { watch } from '../bytes/find-fields.ts';
import { isPlainTier } from '../calls/plan-call.ts';
import { CHAT } from './chat.ts';
import type { Format } from './format.ts';

interface CompletionRequest {
  readonly model: string;
  readonly prompt: string | readonly unknown[];
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean | null } | null;
  readonly max_tokens?: number | null;
  readonly n?: number | null;
  readonly best_of?: number | null;
  readonly service_tier?: unknown;
}

/** The older completions of text. Answers and streams are told as those of a chat are. */
export const COMPLETIONS: Format = {
  ...CHAT,
  name: 'completions',
  operation: 'text_completion',
  path: '/completions',
  names: {
    top: watch([
      'model',
      'timeout',
      'prompt',
      'stream',
      'stream_options',
      'max_tokens',
      'n',
      'best_of',
      'service_tier',
    ]),
    options: { field: 'stream_options', names: watch(['include_usage']) },
  },
  read: (given) => {
    const body = given as CompletionRequest;
    const wantsStream = body.stream === true;
    const prompts = countPrompts(body.prompt);
    return {
      model: body.model,
      wantsStream,
      hidesUsage: wantsStream && body.stream_options?.include_usage !== true,
      // Each of several prompts has a context of its own.
      parts: { images: 0, opaque: 0, isLong: prompts > 1 },
      // The best of several is chosen after all of them were written.
      choices: prompts * Math.max(1, body.n ?? 1, body.best_of ?? 1),
      hasPrediction: false,
      outputStated: body.max_tokens ?? undefined,
      keepsHour: false,
      unpriced: isPlainTier(body.service_tier) ? undefined : 'service_tier',
    };
  },
  capFor: (_deployment, _body, bounds, granted) => {
    if (bounds.stated !== undefined) return undefined;
    const tokens = granted < bounds.outputMax ? granted : bounds.capEach;
    return tokens === undefined ? undefined : { field: 'max_tokens', tokens };
  },
};

/** A list of numbers is one prompt, as tokens. */
function countPrompts(prompt: string | readonly unknown[]): number {
  if (typeof prompt === 'string' || typeof prompt[0] === 'number') return 1;
  return Math.max(1, prompt.length);
}
