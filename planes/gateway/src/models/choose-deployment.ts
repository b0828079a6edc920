import type { Deployment } from './deployment.ts';

/** Deployments that failed to connect, and until when nobody is sent there, in monotonic ms. */
export type Cooldowns = ReadonlyMap<string, number>;

/**
 * Takes the deployments of a model in turn and passes over those that just failed. When all of them
 * have, the turn counts alone: one of them may be back, and an error by guess helps nobody.
 */
export function chooseDeployment(
  deployments: readonly Deployment[],
  turn: number,
  cooldowns: Cooldowns,
  nowMs: number,
): Deployment | undefined {
  const { length } = deployments;
  for (let step = 0; step < length && cooldowns.size > 0; step++) {
    const candidate = deployments[(turn + step) % length];
    if (candidate && (cooldowns.get(candidate.id) ?? 0) <= nowMs) return candidate;
  }
  return deployments[turn % length];
}

/** Another deployment for a call whose first attempt failed; `undefined` when there is no healthy one. */
export function chooseOther(
  deployments: readonly Deployment[],
  failed: Deployment,
  cooldowns: Cooldowns,
  nowMs: number,
): Deployment | undefined {
  const first = deployments.indexOf(failed) + 1;
  for (let step = 0; step < deployments.length - 1; step++) {
    const candidate = deployments[(first + step) % deployments.length];
    if (candidate && (cooldowns.get(candidate.id) ?? 0) <= nowMs) return candidate;
  }
  return undefined;
}
