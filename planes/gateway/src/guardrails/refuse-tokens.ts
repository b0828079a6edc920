import { Fault } from '@sagewai/fault';
import { isObject } from '@sagewai/translate';

import type { Guardrail } from './guardrail.ts';

/** Names of fields that have an answer told token by token beside its text, as texts or as numbers. */
const FIELDS = [
  'logprobs',
  'top_logprobs',
  'prompt_logprobs',
  'return_token_ids',
  'responseLogprobs',
  'response_logprobs',
] as const;
const BELOW = ['generationConfig', 'generation_config'] as const;

/**
 * A rule that changes an answer cannot be applied to its tokens: none of them alone is what the rule looks
 * for, and together they are the text that it took out (W2). Throws where they are asked for.
 */
export function refuseTokens(body: unknown, after: readonly Guardrail[]): void {
  const changes = after.find(
    ({ action, hook }) => action === 'redact' || (hook !== null && action === 'block'),
  );
  const asked = changes && asksForTokens(body);
  if (asked === undefined) return;
  const { name } = changes ?? {};
  const message = `cannot be answered behind the guardrail ${name}, which may change what is answered`;
  throw new Fault('request.invalid', `tokens of an answer that ${name} guards`, {
    detail: `body/${asked} ${message}`,
    mistakes: [{ part: 'body', path: `/${asked}`, message }],
  });
}

function asksForTokens(body: unknown): string | undefined {
  if (!isObject(body)) return undefined;
  const included = [body['include'], body['include[]']].flat();
  if (included.some((one) => typeof one === 'string' && one.includes('logprobs'))) return 'include';
  for (const of of [body, ...BELOW.map((name) => body[name])]) {
    const named = isObject(of) && FIELDS.find((name) => isAsked(name, of[name]));
    if (named) return named;
  }
  return undefined;
}

/** Of older completions, 0 asks for those that were chosen. */
const isAsked = (name: string, value: unknown): boolean =>
  value !== undefined && value !== null && value !== false && (value !== 0 || name === 'logprobs');
