import {
  type Limits,
  listFacetLimits,
  type Scope,
  setFacetLimits,
  UNLIMITED,
} from '@sagewai/ledger';
import type { Executor, Tx } from '@sagewai/postgres';
import { canonicalModel } from '@sagewai/wire';

import { DURATIONS, mainLimit, MONEY_LIMITS, readLimits } from './read-limits.ts';
import { mistaken } from './refuse-fields.ts';
import { toDollars } from './show-balance.ts';

interface ModelBudget {
  readonly budget_limit?: number | undefined;
  readonly time_period?: string | null | undefined;
  readonly max_budget?: number | undefined;
  readonly budget_duration?: string | null | undefined;
}

/** What LiteLLM limits of the models of a key, a team or a user; null lifts it, what is left out stays. */
export interface ModelLimitFields {
  readonly model_max_budget?: Readonly<Record<string, ModelBudget>> | null;
  readonly model_rpm_limit?: Readonly<Record<string, number>> | null;
  readonly model_tpm_limit?: Readonly<Record<string, number>> | null;
}

const MODELS_MAX = 200;

/** Before the audit entry (ledger's lock order). */
export async function applyModelLimits(
  tx: Tx,
  scope: Scope,
  fields: ModelLimitFields,
): Promise<void> {
  if (MODEL_FIELDS.every((name) => fields[name] === undefined)) return;
  const before = await readModelLimits(tx, scope);
  const after = modelLimitsAfter(before, fields);
  for (const [key, { name, limits }] of after) {
    const was = before.get(key);
    if (was !== undefined && was.name === name && isSame(was.limits, limits)) continue;
    await setFacetLimits(tx, { scope, facet: 'model', name }, limits);
  }
}

const MODEL_FIELDS = ['model_max_budget', 'model_rpm_limit', 'model_tpm_limit'] as const;

type ModelLimits = ReadonlyMap<string, { readonly name: string; readonly limits: Limits }>;

/** By the one spelling of each. */
export function modelLimitsAfter(before: ModelLimits, fields: ModelLimitFields): ModelLimits {
  const after = new Map(before);
  const change = (
    field: (typeof MODEL_FIELDS)[number],
    name: string,
    set: Partial<Limits>,
  ): void => {
    const key = canonicalModel(name);
    if (key === '') throw mistaken(field, `has ${JSON.stringify(name)}, which is no model`);
    const limits = after.get(key)?.limits ?? UNLIMITED;
    after.set(key, { name, limits: { ...limits, ...set } });
  };
  const lift = (set: Partial<Limits>): void => {
    for (const [key, { name, limits }] of after)
      after.set(key, { name, limits: { ...limits, ...set } });
  };
  if (fields.model_max_budget !== undefined) {
    lift(NO_MONEY);
    for (const [name, given] of Object.entries(fields.model_max_budget ?? {})) {
      change('model_max_budget', name, moneyOf(name, given));
    }
  }
  if (fields.model_rpm_limit !== undefined) {
    lift({ requestsPerMinute: null });
    for (const [name, requests] of Object.entries(fields.model_rpm_limit ?? {})) {
      change('model_rpm_limit', name, { requestsPerMinute: BigInt(requests) });
    }
  }
  if (fields.model_tpm_limit !== undefined) {
    lift({ tokensPerMinute: null });
    for (const [name, tokens] of Object.entries(fields.model_tpm_limit ?? {})) {
      change('model_tpm_limit', name, { tokensPerMinute: BigInt(tokens) });
    }
  }
  if (after.size > MODELS_MAX)
    throw mistaken('model_max_budget', `has at most ${MODELS_MAX} models`);
  return after;
}

const NO_MONEY: Partial<Limits> = Object.fromEntries(MONEY_LIMITS.map((name) => [name, null]));

/** Its words are those of the documentation, or those of other budgets. */
function moneyOf(model: string, given: ModelBudget): Partial<Limits> {
  const amount = given.budget_limit ?? given.max_budget;
  if (amount === undefined) throw mistaken(`model_max_budget/${model}`, 'must have a budget_limit');
  const duration = given.time_period ?? given.budget_duration ?? null;
  const limits = readLimits(UNLIMITED, { max_budget: amount, budget_duration: duration });
  return Object.fromEntries(MONEY_LIMITS.map((name) => [name, limits[name]]));
}

const isSame = (one: Limits, other: Limits): boolean =>
  (Object.keys(one) as (keyof Limits)[]).every((name) => one[name] === other[name]);

async function readModelLimits(db: Executor, scope: Scope): Promise<ModelLimits> {
  const { orgId, kind, id } = scope;
  const of = { kind, ids: [id], facet: 'model', limit: MODELS_MAX + 1 } as const;
  const listed = await listFacetLimits(db, orgId, of);
  return new Map(
    listed.flatMap(({ name, limits }) =>
      name === null ? [] : [[canonicalModel(name), { name, limits }] as const],
    ),
  );
}

export interface ShownModelLimits {
  readonly model_max_budget: Record<string, { budget_limit: number; time_period: string | null }>;
  readonly model_rpm_limit: Record<string, number>;
  readonly model_tpm_limit: Record<string, number>;
}

/** Of these scopes, by their ids. */
export async function showModelLimits(
  db: Executor,
  { orgId, kind }: Pick<Scope, 'orgId' | 'kind'>,
  ids: readonly string[],
): Promise<(id: string) => ShownModelLimits> {
  const limit = MODELS_MAX * Math.max(1, ids.length);
  const listed = await listFacetLimits(db, orgId, { kind, ids, facet: 'model', limit });
  const byScope = Map.groupBy(listed, ({ scope }) => scope.id);
  return (id) => {
    const named = (byScope.get(id) ?? []).flatMap(({ name, limits }) =>
      name === null ? [] : [{ name, limits }],
    );
    const rates = (of: 'requestsPerMinute' | 'tokensPerMinute'): Record<string, number> =>
      Object.fromEntries(
        named.flatMap(({ name, limits }) =>
          limits[of] === null ? [] : [[name, Number(limits[of])]],
        ),
      );
    return {
      model_max_budget: Object.fromEntries(
        named.flatMap(({ name, limits }) => {
          const main = mainLimit(limits);
          return main === undefined
            ? []
            : [
                [
                  name,
                  {
                    budget_limit: toDollars(limits[main] ?? 0n),
                    time_period: DURATIONS[main][0] ?? null,
                  },
                ],
              ];
        }),
      ),
      model_rpm_limit: rates('requestsPerMinute'),
      model_tpm_limit: rates('tokensPerMinute'),
    };
  };
}
