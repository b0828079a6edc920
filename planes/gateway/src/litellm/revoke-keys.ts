import { dropFacetLimits, readBudgets, type Scope, setBudgets, UNLIMITED } from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';

import * as keys from '../keys/keys.sql.ts';
import { KEY_KIND, type VirtualKey } from '../keys/virtual-key.ts';
import { dropValues } from '../rotation/replace-value.ts';
import { stopRotation } from '../rotation/rotations.sql.ts';
import { type KeyFilter, pageKeys } from './key-pages.sql.ts';
import { dropHolder } from './named-budgets.sql.ts';

const AT_ONCE = 100;

type Named = Pick<VirtualKey, 'id' | 'orgId'>;

/** What is gone has no limits to be listed; what it has spent stays in the rows. */
export async function dropLimits(tx: Tx, scope: Scope): Promise<void> {
  await dropHolder(tx, scope); // Before any limit, as whoever changes a budget for all who hold it.
  const { balances } = await readBudgets(tx, scope);
  if (balances.length > 0) await setBudgets(tx, scope, UNLIMITED);
  await dropFacetLimits(tx, scope);
}

export async function revokeKeys(tx: Tx, named: readonly Named[]): Promise<void> {
  for (const { id, orgId } of named) await dropHolder(tx, { orgId, kind: KEY_KIND, id });
  for (const { id, orgId } of named) {
    await keys.revokeKey(tx, { orgId, projectId: null, id });
    await dropValues(tx, { id });
    await stopRotation(tx, { orgId, id });
    await dropLimits(tx, { orgId, kind: KEY_KIND, id });
  }
}

/** All keys of a team or a person; answers how many. */
export async function revokeKeysOf(tx: Tx, filter: KeyFilter): Promise<number> {
  let count = 0;
  for (;;) {
    const { ids } = await pageKeys(tx, filter, { offset: 0, limit: AT_ONCE });
    if (ids.length === 0) return count;
    await revokeKeys(
      tx,
      ids.map((id) => ({ id, orgId: filter.orgId })),
    );
    count += ids.length;
  }
}
