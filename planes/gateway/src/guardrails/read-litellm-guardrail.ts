import type { BodyOf, createGuardrail, createLitellmGuardrail } from '@sagewai/wire';

import { refused } from '../litellm/refuse-fields.ts';
import { kindOf, LITELLM_KINDS, MODES_EXPECTED, readModes } from './litellm-kinds.ts';

type Given = BodyOf<typeof createLitellmGuardrail>['guardrail'];

const KNOWN: readonly string[] = [
  'guardrail',
  'mode',
  'default_on',
  'action',
  'uninspectable',
  'entities',
  'patterns',
  'api_base',
  'api_key',
  'timeout',
];

/** A guardrail in LiteLLM's words → the same in ours; what is not done here is refused by its name. */
export function readLitellmGuardrail(given: Given): BodyOf<typeof createGuardrail> {
  const { guardrail_name: name, litellm_params: params } = given;
  const mistake = (path: string, message: string) => {
    const at = `/guardrail/litellm_params/${path}`;
    return refused([{ part: 'body', path: at, message }]);
  };
  const other = Object.keys(params).find((field) => !KNOWN.includes(field));
  const kind = kindOf(params.guardrail);
  if (kind === undefined) {
    throw mistake('guardrail', `is unknown; known are ${Object.keys(LITELLM_KINDS).join(', ')}`);
  }
  if (other !== undefined) throw mistake(other, 'is not supported');
  const { mode = 'pre_call' } = params;
  const { before, after, areKnown } = readModes(typeof mode === 'string' ? [mode] : mode);
  if (!areKnown) throw mistake('mode', MODES_EXPECTED);
  const { default_on: isDefault, action, uninspectable, entities, patterns } = params;
  const { api_base: url, api_key: secret, timeout } = params;
  return {
    name,
    kind,
    before,
    after,
    default_on: isDefault ?? false,
    ...(action === undefined ? {} : { action }),
    ...(uninspectable === undefined ? {} : { uninspectable }),
    ...(entities === undefined ? {} : { entities }),
    ...(patterns === undefined ? {} : { patterns }),
    ...(url === undefined ? {} : { url }),
    ...(secret === undefined ? {} : { secret }),
    ...(timeout === undefined ? {} : { timeout_ms: Math.max(1, Math.round(timeout * 1_000)) }),
  };
}
