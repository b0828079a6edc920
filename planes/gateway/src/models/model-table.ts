import { canonicalModel } from '@sagewai/wire';

import { ceilingOf, type Price, type PriceCeiling } from '../money/price.ts';
import type { Deployment } from './deployment.ts';

/** The deployments that serve one model name. */
export interface ModelGroup {
  readonly model: string;
  readonly canonical: string;
  readonly deployments: readonly Deployment[];
  /** The dearest of them bounds the call, so that it may be sent to any (M1). */
  readonly ceiling: PriceCeiling;
  /** The same where something may be kept in a cache for an hour. */
  readonly ceilingHour: PriceCeiling;
  /** Both, for a call whose input stays within the first tier of every price. */
  readonly firstTier: {
    readonly inputTokensMax: number;
    readonly ceiling: PriceCeiling;
    readonly ceilingHour: PriceCeiling;
  };
  /** False when none of them has a known price (M4); beside one that has, the others are not used. */
  readonly isPriced: boolean;
  /** What output costs is not known of one of them: only calls without any are priced. */
  readonly isInputOnly: boolean;
  /** The most that any of them answers with; `undefined` when that of one is unknown. */
  readonly outputTokensMax: number | undefined;
  readonly contextTokensMax: number | undefined;
}

/** Every model that can be called. Built anew when the deployments change; never changed. */
export interface ModelTable {
  readonly groups: readonly ModelGroup[];
  readonly byName: ReadonlyMap<string, ModelGroup>;
  readonly byCanonical: ReadonlyMap<string, ModelGroup>;
}

export function buildModelTable(deployments: readonly Deployment[]): ModelTable {
  const byModel = Map.groupBy(deployments, ({ model }) => model);
  const groups = [...byModel].map(([model, serving]) => groupOf(model, serving));
  const byCanonical = new Map<string, ModelGroup>();
  // The first that is configured wins where names differ only in spelling.
  for (const group of groups.toReversed()) {
    if (group.canonical !== '') byCanonical.set(group.canonical, group);
  }
  return { groups, byName: new Map(groups.map((group) => [group.model, group])), byCanonical };
}

/** The exact name first: a provider may well have `llama3:8b` and `llama3-8b`. */
export function findModel(table: ModelTable, name: string): ModelGroup | undefined {
  return table.byName.get(name) ?? table.byCanonical.get(canonicalModel(name));
}

/**
 * Whether a list of allowed names, all canonical, allows a model; an empty list allows every model.
 * The model that is called counts, not the spelling it is called by.
 */
export function allows(canonicalNames: ReadonlySet<string>, group: ModelGroup): boolean {
  return canonicalNames.size === 0 || canonicalNames.has(group.canonical);
}

/** With the bounds of these deployments. */
export function groupOf(model: string, all: readonly Deployment[]): ModelGroup {
  const priced = all.filter(({ price }) => price !== undefined);
  const deployments = priced.length > 0 ? priced : all;
  const prices = priced.flatMap(({ price }) => (price === undefined ? [] : [price]));
  return {
    model,
    canonical: canonicalModel(model),
    deployments,
    ceiling: ceilingOf(prices),
    ceilingHour: ceilingOf(prices, true),
    firstTier: firstTierOf(prices),
    isPriced: priced.length > 0,
    isInputOnly: prices.some((price) => price.isInputOnly === true),
    outputTokensMax: mostOf(deployments.map(({ outputTokensMax }) => outputTokensMax)),
    contextTokensMax: mostOf(deployments.map(({ contextTokensMax }) => contextTokensMax)),
  };
}

function firstTierOf(prices: readonly Price[]): ModelGroup['firstTier'] {
  const starts = prices.flatMap(({ tiers }) => tiers.map((tier) => tier.inputTokensAbove));
  const flat = prices.map((price) => ({ ...price, tiers: [] }));
  return {
    inputTokensMax: Math.min(...starts),
    ceiling: ceilingOf(flat),
    ceilingHour: ceilingOf(flat, true),
  };
}

/** A bound holds for all only as the most of all, and not at all when one has none. */
function mostOf(limits: readonly (number | undefined)[]): number | undefined {
  const known = limits.filter((limit) => limit !== undefined);
  return known.length === limits.length ? Math.max(...known) : undefined;
}
