import { hashToken } from '@sagewai/crypto';
import { dropCredential, listHashes, registerCredential } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import type { KeyId, OrganizationId } from '@sagewai/wire';

import { KEY_KIND } from '../keys/virtual-key.ts';
import { FORMER_KIND } from './rotation.ts';

interface KeyOf {
  readonly orgId: OrganizationId;
  readonly id: KeyId;
}

/** Every value of a key, former ones too: from the commit on, none is found. */
export async function dropValues(tx: Tx, { id }: Pick<KeyOf, 'id'>): Promise<void> {
  await dropCredential(tx, { kind: KEY_KIND, id });
  await dropCredential(tx, { kind: FORMER_KIND, id });
}

/** The present value becomes the former one, or is gone at once; the one before it is gone in any case. */
export async function replaceValue(
  tx: Tx,
  { orgId, id }: KeyOf,
  { value, keepsFormer }: { readonly value: string; readonly keepsFormer: boolean },
): Promise<void> {
  const former = (await listHashes(tx, { kind: KEY_KIND, ids: [id] })).get(id);
  await dropValues(tx, { id });
  if (keepsFormer && former !== undefined) {
    await registerCredential(tx, { hash: former, kind: FORMER_KIND, id, orgId });
  }
  await registerCredential(tx, { hash: hashToken(value), kind: KEY_KIND, id, orgId });
}
