import { compact, type Json, type JsonObject, listOf, numberOf } from '../json.ts';
import { Losses, type Translation, Untranslatable } from '../translation.ts';

export interface CompletionRequestOptions {
  /** OpenAI's newer models refuse the older name; many others know no other. */
  readonly maxTokensField: 'max_tokens' | 'max_completion_tokens';
}

/** What the older format means where no limit is given. */
const MAX_TOKENS_DEFAULT = 16;

/** What both formats say with the same words. */
const SHARED = [
  'frequency_penalty',
  'logit_bias',
  'model',
  'n',
  'presence_penalty',
  'seed',
  'service_tier',
  'stop',
  'stream',
  'stream_options',
  'temperature',
  'top_p',
] as const;

/** A request to `/v1/completions`, for `/v1/chat/completions`. Throws `Untranslatable`. */
export function completionRequestToChat(
  request: JsonObject,
  { maxTokensField }: CompletionRequestOptions,
): Translation {
  const losses = new Losses();
  if ((numberOf(request['best_of']) ?? 1) > 1) losses.add('best_of');
  losses.addPresent(request, ['logprobs']);
  if (request['suffix'] !== undefined && request['suffix'] !== null && request['suffix'] !== '') {
    throw new Untranslatable(
      'suffix',
      'a chat model writes an answer, not what is missing in a text',
    );
  }
  const body = compact({
    ...Object.fromEntries(SHARED.map((name) => [name, request[name] ?? undefined])),
    messages: [{ role: 'user', content: promptOf(request) }],
    [maxTokensField]: request['max_tokens'] ?? MAX_TOKENS_DEFAULT,
  });
  return { body, lost: losses.list() };
}

/** One text; a list of one is one. */
export function promptOf(request: JsonObject): string {
  const { prompt } = request;
  if (typeof prompt === 'string') return prompt;
  const prompts: readonly Json[] = listOf(prompt);
  const [only] = prompts;
  if (prompts.length === 1 && typeof only === 'string') return only;
  throw new Untranslatable('prompt', 'a chat model takes one prompt a call, and as text');
}
