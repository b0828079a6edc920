import { listHashes } from '@sagewai/identity';
import { listBudgets, sumSpendByScope, UNLIMITED } from '@sagewai/ledger';
import type { Executor } from '@sagewai/postgres';
import type { KeyId, OrganizationId, OutputOf, readKeyInfo } from '@sagewai/wire';

import { findKey } from '../keys/keys.sql.ts';
import { KEY_KIND, type VirtualKey } from '../keys/virtual-key.ts';
import type { Rotation } from '../rotation/rotation.ts';
import { listRotations } from '../rotation/rotations.sql.ts';
import { type KeyFilter, pageKeys } from './key-pages.sql.ts';
import { showModelLimits } from './model-limits.ts';
import { listHeld } from './named-budgets.sql.ts';
import { mainLimit } from './read-limits.ts';
import { showBalance, type ShownBalance, toDollars } from './show-balance.ts';

export type ShownKey = NonNullable<OutputOf<typeof readKeyInfo>['info']>;

/** Keys of one organization in LiteLLM's words, with their limits and what they have spent. */
export async function showKeys(
  db: Executor,
  orgId: OrganizationId,
  keys: readonly VirtualKey[],
): Promise<ShownKey[]> {
  const ids = keys.map(({ id }) => id);
  const hashes = await listHashes(db, { kind: KEY_KIND, ids });
  const budgets = new Map(
    (await listBudgets(db, orgId, { kind: KEY_KIND, ids, limit: Math.max(1, ids.length) })).map(
      (budget) => [budget.scope.id, budget],
    ),
  );
  const summed = ids.filter((id) => mainLimit(budgets.get(id)?.limits ?? UNLIMITED) === undefined);
  const rotations = await listRotations(db, orgId, ids);
  const spent = await sumSpendByScope(db, { orgId, kind: KEY_KIND, ids: summed });
  const models = await showModelLimits(db, { orgId, kind: KEY_KIND }, ids);
  const held = await listHeld(db, { orgId, kind: KEY_KIND }, ids);
  return keys.map((key) => {
    const scope = { orgId, kind: KEY_KIND, id: key.id };
    const budget = budgets.get(key.id) ?? { scope, limits: UNLIMITED, balances: [] };
    return showKey(key, {
      token: hashes.get(key.id)?.toString('hex') ?? null,
      rotation: rotations.get(key.id),
      balance: showBalance(budget, spent.get(key.id) ?? 0n, {
        parallelMax: key.parallelMax,
        models: models(key.id),
        budgetId: held.get(key.id),
      }),
    });
  });
}

const LISTED_KEYS_MAX = 100;

/** The newest keys that match; the rest is `/key/list`'s. */
export async function keysOf(db: Executor, filter: KeyFilter): Promise<ShownKey[]> {
  const { ids } = await pageKeys(db, filter, { offset: 0, limit: LISTED_KEYS_MAX });
  return showLive(db, filter.orgId, ids);
}

export async function showLive(
  db: Executor,
  orgId: OrganizationId,
  ids: readonly KeyId[],
): Promise<ShownKey[]> {
  const found = new Map<string, VirtualKey>();
  for (const id of ids) {
    const key = await findKey(db, { orgId, projectId: null, id });
    if (key) found.set(id, key);
  }
  return showKeys(db, orgId, [...found.values()]);
}

function showKey(
  key: VirtualKey,
  {
    token,
    balance,
    rotation,
  }: { token: string | null; balance: ShownBalance; rotation: Rotation | undefined },
): ShownKey {
  const soft = key.softBudgetPusd === null ? null : toDollars(key.softBudgetPusd);
  return {
    token,
    token_id: token,
    key_name: key.hint,
    key_alias: key.name === key.hint ? null : key.name,
    ...balance,
    soft_budget: soft,
    soft_budget_exceeded: soft !== null && balance.spend > soft,
    expires: key.expiresAt?.toISOString() ?? null,
    models: [...key.models],
    aliases: { ...key.aliases },
    metadata: { ...key.metadata },
    tags: [...key.tags],
    allowed_routes: [...key.allowedRoutes],
    team_id: key.teamId,
    user_id: key.personId,
    project_id: key.projectId,
    organization_id: key.orgId,
    blocked: key.blockedAt !== null,
    on_client_left: key.onClientLeft,
    auto_rotate: (rotation?.interval ?? null) !== null,
    rotation_interval: rotation?.interval ?? null,
    key_rotation_at: rotation?.rotatesAt?.toISOString() ?? null,
    last_rotation_at: rotation?.rotatedAt?.toISOString() ?? null,
    rotation_count: rotation?.count ?? 0,
    former_value_until: rotation?.formerUntil?.toISOString() ?? null,
    new_value_waits: rotation?.isWaiting ?? false,
    created_by: key.createdBy,
    updated_by: key.updatedBy,
    created_at: key.createdAt.toISOString(),
    updated_at: key.updatedAt?.toISOString() ?? null,
    config: {},
    permissions: {},
    litellm_budget_table: null,
  };
}
