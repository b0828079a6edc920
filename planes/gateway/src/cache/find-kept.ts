import type { Deployment } from '../models/deployment.ts';
import type { AnswerCache, Kept } from './answer-cache.ts';
import type { SharedAnswers } from './shared-answers.ts';

export interface KeptPlaces {
  readonly cache: AnswerCache;
  /** What other replicas keep too; null: each has its own alone. */
  readonly shared: SharedAnswers | null;
}

/** Here, else where all replicas look; what is found there is here from then on. */
export async function findKept(
  { cache, shared }: KeptPlaces,
  key: string,
  of: { readonly ageMsMax: number; readonly deployments: readonly Deployment[] },
): Promise<{ readonly kept: Kept; readonly ageMs: number } | null> {
  const here = cache.find(key, of.ageMsMax);
  if (here !== null || shared === null) return here;
  const found = await shared.find(key, of.deployments);
  if (found === null || found.ageMs > of.ageMsMax) return null;
  cache.keep(key, found.kept, found.leftMs, found.ageMs);
  return found;
}

/** Nobody waits until all replicas can find it. */
export function keepEverywhere(
  { cache, shared }: KeptPlaces,
  key: string,
  { kept, ttlMs }: { readonly kept: Kept; readonly ttlMs: number },
): void {
  if (cache.keep(key, kept, ttlMs)) void shared?.keep(key, kept, ttlMs);
}
