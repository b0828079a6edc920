/**
 * - P1. A model that its worker cannot reach is not offered to it, from the report on; nothing else is
 *   taken from it.
 * - P2. What is unknown counts as served: no probe, nobody to ask, or a result that is too old.
 * - P3. A model that is reachable again is offered again, without anybody's hand.
 */
import { canonicalModel } from '@sagewai/wire';

export interface Probe {
  readonly model: string;
  readonly reachable: boolean | null;
  readonly latency_ms: number | null;
  readonly error: string | null;
}

export type ProbeStatus = 'healthy' | 'degraded' | 'unknown';

/** Canonical names of what cannot be served: by no spelling that was probed. */
export function sickModels(probes: readonly Probe[]): string[] {
  const served = new Set<string>();
  const sick = new Set<string>();
  for (const { model, reachable } of probes) {
    (reachable === false ? sick : served).add(canonicalModel(model));
  }
  return [...sick].filter((model) => !served.has(model)).toSorted();
}

export function statusOf(
  probed: { readonly probes: readonly Probe[]; readonly ageMs: number } | null,
  staleMs: number,
): ProbeStatus {
  if (probed === null || probed.ageMs > staleMs) return 'unknown';
  const asked = probed.probes.filter(({ reachable }) => reachable !== null);
  if (asked.length === 0) return 'unknown';
  return asked.every(({ reachable }) => reachable) ? 'healthy' : 'degraded';
}
