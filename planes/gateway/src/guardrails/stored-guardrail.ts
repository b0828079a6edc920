/**
 * Guardrails that are made by API: of an organization, or of one of its projects. Every replica applies a change
 * within a second; one that cannot be read lets nothing pass to which it applies (W2).
 */
import { open, seal, type SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { OrganizationId } from '@sagewai/wire';

import { findPatterns } from './find-patterns.ts';
import { findPii, PII, type Pii } from './find-pii.ts';
import { findSecrets, SECRETS } from './find-secrets.ts';
import type { Action, Guardrail, Hook } from './guardrail.ts';

/** What is said of one, beside its name, its kind and whose it is. */
export interface GuardrailSpec {
  readonly action: Action;
  readonly before: boolean;
  readonly after: boolean;
  readonly defaultOn: boolean;
  readonly uninspectable: 'pass' | 'block';
  /** Of `pii`. */
  readonly entities: readonly string[] | null;
  /** Of `regex`. */
  readonly patterns: readonly { readonly name: string; readonly pattern: string }[] | null;
  /** Of `webhook`. */
  readonly url: string | null;
  readonly timeoutMs: number | null;
}

export interface StoredGuardrail {
  readonly id: string;
  readonly projectId: string | null;
  readonly name: string;
  readonly kind: Guardrail['kind'];
  readonly spec: GuardrailSpec;
  readonly sealedSecret: string | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
}

interface Name {
  readonly orgId: OrganizationId;
  readonly id: string;
}

/** A sealed secret opens for its own guardrail alone. */
export const guardrailContext = ({ orgId, id }: Name): string => `guardrail/${orgId}/${id}`;

export const sealSecret = (keys: SealingKeys, name: Name, secret: string): string =>
  seal(keys[0], secret, guardrailContext(name));

export function toGuardrail(
  row: StoredGuardrail,
  { keys, orgId }: { readonly keys: SealingKeys; readonly orgId: OrganizationId },
): Guardrail {
  const { name, kind, projectId, spec } = row;
  return {
    name,
    kind,
    action: spec.action,
    before: spec.before,
    after: spec.after,
    isDefault: spec.defaultOn && projectId === null,
    projects: new Set(spec.defaultOn && projectId !== null ? [projectId] : []),
    uninspectable: spec.uninspectable,
    ...findingOf(row),
    hook: kind === 'webhook' ? hookOf(row, { keys, orgId }) : null,
  };
}

/** Throws for expressions that RE2 does not know. */
export function findingOf({
  kind,
  spec: { entities, patterns },
}: Pick<StoredGuardrail, 'kind' | 'spec'>): Pick<Guardrail, 'find' | 'looksFor'> {
  switch (kind) {
    case 'webhook':
      return { find: null, looksFor: [] };
    case 'secrets':
      return { find: findSecrets, looksFor: SECRETS };
    case 'pii': {
      const names = entities ?? PII;
      return { find: findPii(new Set(names as Pii[])), looksFor: names };
    }
    case 'regex': {
      const named = patterns ?? [];
      const find = findPatterns(named.map((each) => ({ what: each.name, pattern: each.pattern })));
      return { find, looksFor: named.map((each) => each.name) };
    }
  }
}

export const HOOK_TIMEOUT_MS = 5_000;

function hookOf(
  { id, name, sealedSecret, spec }: StoredGuardrail,
  { keys, orgId }: { readonly keys: SealingKeys; readonly orgId: OrganizationId },
): Hook {
  const secret =
    sealedSecret === null ? null : open(keys, sealedSecret, guardrailContext({ orgId, id }));
  return {
    url: spec.url ?? '',
    secret:
      secret === null
        ? null
        : {
            reveal: () => {
              if (secret.kind === 'opened') return secret.data.toString();
              throw new Fault('guardrail.unavailable', `the secret of ${name} cannot be read`, {
                detail:
                  `The secret of the guardrail ${name} cannot be read here: it was sealed with another ` +
                  'SAGEWAI_ENCRYPTION_KEY. Nothing passes without it: set it again.',
              });
            },
          },
    timeoutMs: spec.timeoutMs ?? HOOK_TIMEOUT_MS,
    isByApi: true,
  };
}
