import { type MasterKeys, newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import {
  beginRetiring,
  changeVersion,
  insertOrganizationKey,
  insertProjectKeys,
  lockOrganizationKey,
  lockProjectKeys,
  type NewProjectKey,
  retireOrganizationKey,
  rewrapProjectKeys,
  switchOn,
} from './content-keys.sql.ts';
import {
  makeKey,
  unwrapOrganizationKey,
  unwrapProjectKey,
  wrapOrganizationKey,
  wrapProjectKey,
} from './wrap-keys.ts';

/** False: it was on already. */
export async function enableEncryption(
  tx: Tx,
  masters: MasterKeys,
  orgId: OrganizationId,
): Promise<boolean> {
  if (!(await switchOn(tx, orgId))) return false;
  const id = newId();
  const key = makeKey();
  await insertOrganizationKey(tx, {
    id,
    orgId,
    wrapped: wrapOrganizationKey(masters, key, { id, orgId }),
  });
  key.fill(0);
  return true;
}

/**
 * A new key for a project, or for the organization and all of its projects. What is stored from now on
 * stands under the new keys; what stands under the older ones is moved in the background, and then they
 * are retired. Returns how many projects have a new key; null: encryption is off.
 */
export async function rotateKeys(
  tx: Tx,
  masters: MasterKeys,
  of: { readonly orgId: OrganizationId; readonly projectId: ProjectId | null },
): Promise<number | null> {
  const { orgId, projectId } = of;
  if (!(await changeVersion(tx, orgId))) return null;
  // First: a project's first key that is being made under it is among the keys that are read next.
  const present = await lockOrganizationKey(tx, orgId, 'update');
  const keys = await lockProjectKeys(tx, orgId, projectId);
  const unwrapped =
    present && unwrapOrganizationKey(masters, present.wrapped, { id: present.id, orgId });
  if (!unwrapped) throw new Fault('service.broken', `the key of organization ${orgId} is lost`);

  let organization = { id: present.id, key: unwrapped };
  if (projectId === null) {
    organization = { id: newId(), key: makeKey() };
    const { id, key } = organization;
    await retireOrganizationKey(tx, orgId);
    await insertOrganizationKey(tx, {
      id,
      orgId,
      wrapped: wrapOrganizationKey(masters, key, { id, orgId }),
    });
    const rewrapped = keys.flatMap(({ wrapped, ...row }) => {
      const own = wrapped === null ? null : unwrapProjectKey(unwrapped, wrapped, row);
      // One that does not open is lost already: it must not keep the others from a new key.
      return own
        ? [{ id: row.id, organizationKeyId: id, wrapped: wrapProjectKey(key, own, row) }]
        : [];
    });
    await rewrapProjectKeys(tx, rewrapped);
  }
  const primaries = keys.filter(({ retiring }) => !retiring);
  await beginRetiring(
    tx,
    primaries.map(({ id }) => id),
  );
  const made = primaries.map((replaced): NewProjectKey => {
    const id = newId();
    const name = { id, orgId, projectId: replaced.projectId };
    const wrapped = wrapProjectKey(organization.key, makeKey(), name);
    return { ...name, organizationKeyId: organization.id, wrapped };
  });
  await insertProjectKeys(tx, made);
  unwrapped.fill(0);
  organization.key.fill(0);
  return made.length;
}
