import { found } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';

import { readHolderLimits, writeHolderLimits } from './holder-limits.ts';
import { applyModelLimits, type ModelLimitFields } from './model-limits.ts';
import type { Holder } from './named-budget.ts';
import { dropHolder, holdNamedBudget, listHeld, putHolder } from './named-budgets.sql.ts';
import { type LimitFields, readLimits } from './read-limits.ts';
import { mistaken } from './refuse-fields.ts';

export interface HolderFields extends LimitFields {
  /** Null: its limits are its own from now on. */
  readonly budget_id?: string | null;
}

/** Writes the limits that the fields say, if any. Before the audit entry (ledger's lock order). */
export async function applyLimits(
  tx: Tx,
  scope: Holder & { readonly kind: 'key' | 'team' | 'person' },
  fields: HolderFields & ModelLimitFields,
): Promise<void> {
  await applyHolderLimits(tx, scope, fields);
  await applyModelLimits(tx, scope, fields);
}

/**
 * A budget that the fields give, held before the row of who gets it is: whoever changes a budget locks it, and then
 * those that have it.
 */
export async function holdGivenBudget(
  tx: Tx,
  { orgId }: Pick<Holder, 'orgId'>,
  { budget_id: id }: HolderFields,
): Promise<void> {
  if (typeof id === 'string') await holdNamedBudget(tx, { orgId, id });
}

/** The same of what has no models of its own; of a part, after `holdGivenBudget`. */
export async function applyHolderLimits(tx: Tx, of: Holder, fields: HolderFields): Promise<void> {
  const { budget_id: budgetId } = fields;
  if (typeof budgetId === 'string') return takeBudget(tx, of, { ...fields, budgetId });
  if (budgetId === null) await dropHolder(tx, of);
  const before = await readHolderLimits(tx, of);
  const after = readLimits(before, fields);
  if (after === before) return;
  const held = (await listHeld(tx, of, [of.id])).get(of.id);
  if (held !== undefined) {
    const how = `are those of the budget ${held}: change that, or say budget_id null`;
    throw mistaken(namedIn(fields) ?? 'budget_id', `cannot be changed here: the limits ${how}`);
  }
  await writeHolderLimits(tx, of, after);
}

async function takeBudget(
  tx: Tx,
  of: Holder,
  fields: LimitFields & { readonly budgetId: string },
): Promise<void> {
  const { budgetId } = fields;
  const own = namedIn(fields);
  if (own !== undefined) throw mistaken('budget_id', `goes without ${own}`);
  const budget = found(
    await holdNamedBudget(tx, { orgId: of.orgId, id: budgetId }),
    `There is no budget ${budgetId}.`,
  );
  await putHolder(tx, of, budgetId);
  await writeHolderLimits(tx, of, budget.limits);
}

const LIMIT_FIELDS = [
  'max_budget',
  'budget_duration',
  'budget_limits',
  'tpm_limit',
  'rpm_limit',
] as const satisfies readonly (keyof LimitFields)[];

const namedIn = (fields: LimitFields): string | undefined =>
  LIMIT_FIELDS.find((name) => fields[name] !== undefined && fields[name] !== null);
