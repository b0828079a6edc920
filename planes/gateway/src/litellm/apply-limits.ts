import { readBudgets, type Scope, setBudgets } from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';

import { applyModelLimits, type ModelLimitFields } from './model-limits.ts';
import { type LimitFields, readLimits } from './read-limits.ts';

/** Writes the limits that the fields say, if any. Before the audit entry (ledger's lock order). */
export async function applyLimits(
  tx: Tx,
  scope: Scope,
  fields: LimitFields & ModelLimitFields,
): Promise<void> {
  const before = (await readBudgets(tx, scope)).limits;
  const after = readLimits(before, fields);
  if (after !== before) await setBudgets(tx, scope, after);
  await applyModelLimits(tx, scope, fields);
}
