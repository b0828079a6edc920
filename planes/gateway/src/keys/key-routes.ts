import { hashToken, mintToken, newId, tokenHint } from '@sagewai/crypto';
import { found, implement, type Route } from '@sagewai/http';
import { boundProject, endOfEmergency, registerCredential } from '@sagewai/identity';
import {
  type Budget,
  dropFacetLimits,
  type Limits,
  moneyToWire,
  ratesToWire,
  listBudgets,
  readBudgets,
  setBudgets,
  UNLIMITED,
} from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  createKey,
  getKey,
  type KeyId,
  listKeys,
  type OrganizationId,
  revokeKey,
  updateKey,
} from '@sagewai/wire';

import { dropHolder } from '../litellm/named-budgets.sql.ts';
import { dropValues } from '../rotation/replace-value.ts';
import { stopRotation } from '../rotation/rotations.sql.ts';
import { changeLimits, type LimitChanges } from './change-limits.ts';
import * as keys from './keys.sql.ts';
import { projectOfKey } from './project-of-key.ts';
import { KEY_KIND, KEY_PREFIX, type VirtualKey } from './virtual-key.ts';

const PAGE_ITEMS = 100;
const NO_KEY = 'There is no such key, or it was revoked.';

export function keyRoutes({ forget }: { readonly forget: () => void }): Route[] {
  return [
    implement(createKey, async ({ tx, orgId, body, caller, audit, setHeader }) => {
      const id = newId<KeyId>();
      const value = mintToken(KEY_PREFIX);
      const key = await keys.insertKey(tx, {
        id,
        orgId,
        projectId: projectOfKey(caller, 'Name the project of the key in X-Project-ID.'),
        name: body.name,
        hint: tokenHint(value),
        models: body.models ?? [],
        mayCap: body.budget?.cap ?? true,
        onClientLeft: body.on_client_left,
        createdBy: nameActor(caller),
        expiresInSeconds: body.expires_in_seconds ?? null,
        expiresAtMost: endOfEmergency(caller),
      });
      await registerCredential(tx, { hash: hashToken(value), kind: KEY_KIND, id, orgId });
      const limits = await applyLimits(tx, key, { before: UNLIMITED, changes: body });
      audit.about(`key:${id}`, { name: key.name, project_id: key.projectId, ...inWords(limits) });
      setHeader('cache-control', 'no-store');
      return { ...toWire(key, limits), key: value };
    }),

    implement(listKeys, async ({ tx, orgId, query, caller }) => {
      const { limit = PAGE_ITEMS, cursor } = query;
      const of = { orgId, projectId: boundProject(caller), cursor, limit: limit + 1 };
      const read = await keys.listKeys(tx, of);
      const shown = read.slice(0, limit);
      const limits = await limitsOf(tx, orgId, shown);
      return {
        keys: shown.map((key) => toWire(key, limits.get(key.id) ?? UNLIMITED)),
        next_cursor: read.length > limit ? (shown.at(-1)?.id ?? null) : null,
      };
    }),

    implement(getKey, async ({ tx, orgId, params, caller }) => {
      const choice = { orgId, projectId: boundProject(caller), id: params.key_id };
      const key = found(await keys.findKey(tx, choice), NO_KEY);
      return toWire(key, (await readBudgets(tx, scopeOf(key))).limits);
    }),

    implement(updateKey, async ({ tx, orgId, params, body, caller, audit }) => {
      const choice = { orgId, projectId: boundProject(caller), id: params.key_id };
      const changes = {
        models: body.models,
        isBlocked: body.blocked,
        mayCap: body.budget?.cap,
        onClientLeft: body.on_client_left,
        updatedBy: nameActor(caller),
      };
      const key = found(await keys.adjustKey(tx, choice, changes), NO_KEY);
      const { limits: before } = await readBudgets(tx, scopeOf(key));
      const limits = await applyLimits(tx, key, { before, changes: body });
      tx.onCommit(forget);
      audit.about(`key:${key.id}`, {
        name: key.name,
        blocked: key.blockedAt !== null,
        models: key.models.join(' '),
        ...inWords(limits),
      });
      return toWire(key, limits);
    }),

    implement(revokeKey, async ({ tx, orgId, params, caller, audit }) => {
      const choice = { orgId, projectId: boundProject(caller), id: params.key_id };
      const key = found(await keys.revokeKey(tx, choice), NO_KEY);
      await dropValues(tx, key);
      await stopRotation(tx, key);
      const { limits: before } = await readBudgets(tx, scopeOf(key));
      await dropHolder(tx, scopeOf(key)); // Before any limit, as whoever changes a budget for all who hold it.
      const limits = await applyLimits(tx, key, { before, changes: NO_LIMITS });
      await dropFacetLimits(tx, scopeOf(key));
      tx.onCommit(forget);
      audit.about(`key:${key.id}`, { name: key.name });
      return toWire(key, limits);
    }),
  ];
}

/** A key that is gone has no limits to be listed; what it has spent stays in the rows. */
const NO_LIMITS: LimitChanges = {
  budget: {
    usd_per_hour: null,
    usd_per_day: null,
    usd_per_week: null,
    usd_per_month: null,
    usd_per_30_days: null,
    usd_in_total: null,
  },
  tokens_per_minute: null,
  requests_per_minute: null,
};

/** Writes what is asked for, if anything is; call it before the audit entry (ledger's lock order). */
async function applyLimits(
  tx: Tx,
  key: VirtualKey,
  of: { readonly before: Limits; readonly changes: LimitChanges },
): Promise<Limits> {
  const after = changeLimits(of.before, of.changes);
  if (after === of.before) return after;
  // They are its own from now on, and no more those of a budget with a name.
  await dropHolder(tx, scopeOf(key));
  await setBudgets(tx, scopeOf(key), after);
  return after;
}

async function limitsOf(
  tx: Tx,
  orgId: OrganizationId,
  shown: readonly VirtualKey[],
): Promise<ReadonlyMap<string, Limits>> {
  if (shown.length === 0) return new Map();
  const ids = shown.map(({ id }) => id);
  const budgets = await listBudgets(tx, orgId, { kind: KEY_KIND, ids, limit: ids.length });
  return new Map(budgets.map(({ scope, limits }: Budget) => [scope.id, limits]));
}

const scopeOf = ({ orgId, id }: VirtualKey) => ({ orgId, kind: KEY_KIND, id }) as const;

/** Limits as the audit log has them. */
const inWords = (limits: Limits) => ({ ...moneyToWire(limits), ...ratesToWire(limits) });

const toWire = (key: VirtualKey, limits: Limits) => ({
  id: key.id,
  name: key.name,
  project_id: key.projectId,
  hint: key.hint,
  models: [...key.models],
  created_at: key.createdAt.toISOString(),
  created_by: key.createdBy,
  expires_at: key.expiresAt?.toISOString() ?? null,
  blocked_at: key.blockedAt?.toISOString() ?? null,
  revoked_at: key.revokedAt?.toISOString() ?? null,
  on_client_left: key.onClientLeft,
  budget: { ...moneyToWire(limits), cap: key.mayCap },
  ...ratesToWire(limits),
});
