import { findPatterns } from './find-patterns.ts';
import { findPii } from './find-pii.ts';
import { findSecrets } from './find-secrets.ts';
import type { Guardrail } from './guardrail.ts';

export const guardrailOf = (of: Partial<Guardrail>): Guardrail => ({
  name: 'rule',
  kind: 'secrets',
  action: 'redact',
  before: true,
  after: true,
  isDefault: true,
  projects: new Set(),
  uninspectable: 'pass',
  find: findSecrets,
  hook: null,
  looksFor: [],
  ...of,
});

export const PII_RULE = guardrailOf({ name: 'pii', kind: 'pii', find: findPii() });
export const SECRETS_RULE = guardrailOf({ name: 'secrets' });
export const TICKET_RULE = guardrailOf({
  name: 'tickets',
  kind: 'regex',
  find: findPatterns([{ what: 'TICKET', pattern: 'ACME-[0-9]{4}' }]),
});
