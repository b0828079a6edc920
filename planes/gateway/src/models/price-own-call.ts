import { ceilingOf, type PriceCeiling } from '../money/price.ts';
import { PREFIXES, prefixOfName } from '../providers/provider.ts';
import type { Deployment } from './deployment.ts';
import { buildModelTable, findModel } from './model-table.ts';
import { priceDeployment } from './price-deployment.ts';

/**
 * What a call costs that a worker makes with its own credential: as configured, else by the provider
 * that the model's name tells, where what runs on the operator's own machines (`ollama/…`) is free.
 * Null when nobody knows (M4).
 */
export function priceOwnCall(
  configured: readonly Deployment[],
  model: string,
  at: Date,
): PriceCeiling | null {
  const group = findModel(buildModelTable(configured), model);
  if (group?.isPriced === true && !group.isInputOnly) return group.ceiling;
  const slash = model.indexOf('/');
  const named = slash > 0 ? PREFIXES.get(model.slice(0, slash).toLowerCase()) : undefined;
  const bare = named === undefined ? model : model.slice(slash + 1);
  const provider = named ?? PREFIXES.get(prefixOfName(bare.toLowerCase()) ?? '');
  if (provider === undefined) return null;
  const { price } = priceDeployment(provider.provider, bare, {}, at);
  return price === undefined ? null : ceilingOf([price]);
}
