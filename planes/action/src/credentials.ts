import { open, seal, type SealingKeys } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import { mistaken } from './read-manifest.ts';
import type { CredentialPlace, Tool } from './tool.ts';

/** References to secret managers, as the operator allows them. */
export interface CredentialReferences {
  judge(
    text: string,
    of: { readonly orgId: OrganizationId; readonly projectId: ProjectId } | null,
  ): 'value' | 'allowed' | 'refused';
  resolve(reference: string): Promise<string>;
}

interface Owner {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId | null;
  readonly id: string;
}

/** What is sealed opens for this tool alone. */
export const toolContext = ({ orgId, id }: Pick<Owner, 'orgId' | 'id'>): string =>
  `tool/${orgId}/${id}`;

const HINT_LENGTH = 4;
/** Decide who answers (A5), or how a message is framed: no place for a secret. */
const NO_PLACE =
  /^(?:host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|accept|idempotency-key|mcp-.*)$/i;

export function sealCredential(
  of: { readonly keys: SealingKeys; readonly references: CredentialReferences },
  owner: Owner,
  given: { readonly value: string; readonly header?: string; readonly prefix?: string },
): { readonly sealed: string; readonly place: CredentialPlace } {
  if (given.header !== undefined && NO_PLACE.test(given.header)) {
    throw mistaken('credential', `must not be in the header ${given.header}`);
  }
  const judged = of.references.judge(given.value, whose(owner));
  if (judged === 'refused') {
    throw mistaken('credential', 'is a reference that STORED_SECRET_PREFIXES does not allow');
  }
  const hint = judged === 'allowed' ? given.value : `…${given.value.slice(-HINT_LENGTH)}`;
  const isShort = given.value.length < 3 * HINT_LENGTH;
  return {
    sealed: seal(of.keys[0], given.value, toolContext(owner)),
    place: {
      header: (given.header ?? 'authorization').toLowerCase(),
      prefix: given.prefix ?? 'Bearer ',
      hint: judged === 'value' && isShort ? '…' : hint,
    },
  };
}

/** A7. What one call is made with; read for it, and kept nowhere. Null: the tool needs none. */
export async function brokerCredential(
  of: { readonly keys: SealingKeys; readonly references: CredentialReferences },
  orgId: OrganizationId,
  { id, projectId, sealedCredential, name }: Tool,
): Promise<string | null> {
  if (sealedCredential === null) return null;
  const owner = { orgId, projectId, id };
  const opened = open(of.keys, sealedCredential, toolContext(owner));
  const unavailable = (why: string, cause?: unknown): Fault =>
    new Fault('service.unavailable', `the credential of ${name} ${why}`, {
      cause,
      detail: `The credential of the tool ${name} cannot be read. Its administrator can set it again.`,
    });
  if (opened.kind === 'refused') throw unavailable('was sealed with another key');
  const text = opened.data.toString('utf8');
  const judged = of.references.judge(text, whose(owner));
  if (judged === 'value') return text;
  if (judged === 'refused') throw unavailable('is a reference that is not allowed any more');
  return of.references.resolve(text).catch((error: unknown) => {
    throw unavailable('is a reference that cannot be read', error);
  });
}

const whose = ({ orgId, projectId }: Owner) => (projectId === null ? null : { orgId, projectId });
