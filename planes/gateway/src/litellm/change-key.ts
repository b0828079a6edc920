import { Fault } from '@sagewai/fault';
import { found } from '@sagewai/http';
import { boundProject, endOfEmergency } from '@sagewai/identity';

import * as keys from '../keys/keys.sql.ts';
import { KEY_KIND, type VirtualKey } from '../keys/virtual-key.ts';
import { applyRotation } from '../rotation/apply-rotation.ts';
import { applyLimits } from './apply-limits.ts';
import { findLive, type KeyReach } from './find-key.ts';
import { type KeyFields, readKeyFields } from './key-fields.ts';
import { lockName, pageKeys } from './key-pages.sql.ts';
import { mistaken } from './refuse-fields.ts';

/** Writes what the fields say; limits before the audit entry (ledger's lock order). */
export async function changeKey(
  reach: KeyReach,
  before: VirtualKey,
  fields: KeyFields,
  besides: keys.KeyChanges = {},
): Promise<VirtualKey> {
  const { tx, orgId } = reach;
  const read = await readKeyFields(fields, { ...reach, before });
  if (read.name !== undefined) await demandFreeAlias(reach, read.name, before.id);
  const expiresAtMost = endOfEmergency(reach.caller);
  const choice = { orgId, projectId: before.projectId, id: before.id };
  const after = found(
    await keys.adjustKey(tx, choice, { ...read, expiresAtMost, ...besides }),
    'There is no such key, or it was deleted.',
  );
  await applyRotation(tx, after, fields);
  await applyLimits(tx, { orgId, kind: KEY_KIND, id: after.id }, fields);
  return after;
}

/** LiteLLM's clients name keys by their aliases: no two that can be called have the same. */
export async function demandFreeAlias(
  reach: KeyReach,
  name: string,
  except: string | null,
): Promise<void> {
  await lockName(reach.tx, reach.orgId, name);
  const filter = { orgId: reach.orgId, projectId: null, name };
  const { ids } = await pageKeys(reach.tx, filter, { offset: 0, limit: 2 });
  if (ids.every((id) => id === except)) return;
  throw new Fault('resource.exists', 'the alias is taken', {
    detail: `There is a key with the alias ${name} already.`,
    mistakes: [{ part: 'body', path: '/key_alias', message: 'must be free' }],
  });
}

export async function findByAlias(reach: KeyReach, name: string): Promise<VirtualKey> {
  const { tx, orgId, caller } = reach;
  const projectId = boundProject(caller);
  const { ids } = await pageKeys(tx, { orgId, projectId, name }, { offset: 0, limit: 2 });
  if (ids.length > 1) throw mistaken('key_aliases', `${name} is the name of several keys`);
  const id = found(ids[0], `There is no key with the alias ${name}.`);
  return findLive(reach, { orgId, projectId, id });
}

/** One after the other: they share a transaction. */
export async function each<Item, Result>(
  items: readonly Item[] | null | undefined,
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const item of items ?? []) results.push(await work(item));
  return results;
}
