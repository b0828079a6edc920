import type { listLitellmGuardrails, OutputOf } from '@sagewai/wire';

import type { Guardrail } from './guardrail.ts';
import type { StoredGuardrail } from './stored-guardrail.ts';

type Shown = OutputOf<typeof listLitellmGuardrails>['guardrails'][number];

const modesOf = ({ before, after }: { readonly before: boolean; readonly after: boolean }) => [
  ...(before ? ['pre_call'] : []),
  ...(after ? ['post_call'] : []),
];

const KINDS: Readonly<Record<Guardrail['kind'], string>> = {
  pii: 'pii',
  secrets: 'hide-secrets',
  regex: 'regex',
  webhook: 'generic_guardrail_api',
};

export const fileToLitellm = (one: Guardrail): Shown => ({
  guardrail_id: null,
  guardrail_name: one.name,
  litellm_params: {
    guardrail: KINDS[one.kind],
    mode: modesOf(one),
    default_on: one.isDefault,
  },
  guardrail_info: null,
  guardrail_definition_location: 'config',
  created_at: null,
  updated_at: null,
});

export const storedToLitellm = (one: StoredGuardrail): Shown => ({
  guardrail_id: one.id,
  guardrail_name: one.name,
  litellm_params: {
    guardrail: KINDS[one.kind],
    mode: modesOf(one.spec),
    default_on: one.spec.defaultOn,
  },
  guardrail_info: null,
  guardrail_definition_location: 'db',
  created_at: one.createdAt.toISOString(),
  updated_at: (one.updatedAt ?? one.createdAt).toISOString(),
});
