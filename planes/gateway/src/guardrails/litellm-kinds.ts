import type { Guardrail } from './guardrail.ts';

export type GuardrailKind = Guardrail['kind'];

/** Our kinds, and LiteLLM's own names for the same. */
export const LITELLM_KINDS: Readonly<Record<string, GuardrailKind>> = {
  pii: 'pii',
  secrets: 'secrets',
  'hide-secrets': 'secrets',
  regex: 'regex',
  webhook: 'webhook',
  generic_guardrail_api: 'webhook',
};

export const kindOf = (name: string): GuardrailKind | undefined =>
  Object.hasOwn(LITELLM_KINDS, name) ? LITELLM_KINDS[name] : undefined;

// `during_call` is before the call here: one that is blocked costs nothing.
const BEFORE: readonly string[] = ['pre_call', 'during_call', 'both'];
const AFTER: readonly string[] = ['post_call', 'both'];

export const MODES_EXPECTED = 'expected pre_call, post_call, both, or a list of them';

export function readModes(modes: readonly string[]): {
  readonly before: boolean;
  readonly after: boolean;
  readonly areKnown: boolean;
} {
  return {
    before: modes.some((mode) => BEFORE.includes(mode)),
    after: modes.some((mode) => AFTER.includes(mode)),
    areKnown:
      modes.length > 0 && modes.every((mode) => BEFORE.includes(mode) || AFTER.includes(mode)),
  };
}
