import { Fault } from '@sagewai/fault';
import type { BodyOf, updateGuardrail } from '@sagewai/wire';

import { PII } from './find-pii.ts';
import type { Guardrail } from './guardrail.ts';
import { findingOf, type GuardrailSpec, HOOK_TIMEOUT_MS } from './stored-guardrail.ts';

type Kind = Guardrail['kind'];
type Change = BodyOf<typeof updateGuardrail>;

const DEFAULT_ACTION = {
  pii: 'redact',
  secrets: 'redact',
  regex: 'block',
  webhook: 'redact',
} as const;

const BY_DEFAULT: Omit<GuardrailSpec, 'action'> = {
  before: true,
  after: false,
  defaultOn: false,
  uninspectable: 'pass',
  entities: null,
  patterns: null,
  url: null,
  timeoutMs: null,
};

export const specByDefault = (kind: Kind): GuardrailSpec => ({
  ...BY_DEFAULT,
  action: DEFAULT_ACTION[kind],
});

/** Of what kind a field is; given for another, it would be kept and do nothing. */
const FIELDS: Readonly<Record<'entities' | 'patterns' | 'url' | 'secret' | 'timeout_ms', Kind>> = {
  entities: 'pii',
  patterns: 'regex',
  url: 'webhook',
  secret: 'webhook',
  timeout_ms: 'webhook',
};

/** What a body says of it, checked; the rest is as it was. */
export function readSpec(kind: Kind, before: GuardrailSpec, body: Change): GuardrailSpec {
  for (const [field, of] of Object.entries(FIELDS)) {
    if (kind !== of && body[field as keyof typeof FIELDS] !== undefined)
      throw mistaken(field, `is for guardrails of kind ${of}`);
  }
  const spec: GuardrailSpec = {
    action: body.action ?? before.action,
    before: body.before ?? before.before,
    after: body.after ?? before.after,
    defaultOn: body.default_on ?? before.defaultOn,
    uninspectable: body.uninspectable ?? before.uninspectable,
    entities: body.entities ?? before.entities,
    patterns: body.patterns ?? before.patterns,
    url: body.url ?? before.url,
    timeoutMs: body.timeout_ms ?? before.timeoutMs ?? (kind === 'webhook' ? HOOK_TIMEOUT_MS : null),
  };
  if (!spec.before && !spec.after) throw mistaken('before', 'must be true, where `after` is not');
  const unknown = spec.entities?.find((name) => !PII.some((each) => each === name));
  if (unknown !== undefined) throw mistaken('entities', `must be of ${PII.join(', ')}`);
  if (kind === 'regex' && spec.patterns === null) throw mistaken('patterns', 'must be there');
  if (kind === 'webhook' && !/^https?:\/\/[^/\s]/.test(spec.url ?? ''))
    throw mistaken('url', 'must be a URL that starts with https:// or http://');
  if (spec.url !== null && !URL.canParse(spec.url)) throw mistaken('url', 'must be a URL');
  try {
    findingOf({ kind, spec });
  } catch {
    const what = 'must be in the syntax of RE2 (no look-around, no back references)';
    throw mistaken('patterns', what);
  }
  return spec;
}

export function mistaken(field: string, message: string): Fault {
  return new Fault('request.invalid', `${field} is refused`, {
    detail: `body/${field} ${message}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message }],
  });
}
