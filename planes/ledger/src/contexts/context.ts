/**
 * A context is a limit that calls of a project bring along. Calls that bring the same one share a window,
 * whatever processes make them; a call under a context in another one is under both.
 *
 *   X1. M1 holds for a context as for every budget: never exceeded, at any concurrency and on any number
 *       of replicas. Minutes slide, days are UTC's.
 *   X2. What a context is, is its id: the digest of its project and its values. So nobody registers one,
 *       and one with other values is another window.
 */
import { createHash } from 'node:crypto';

import type { OrganizationId, PicoUsd, ProjectId } from '@sagewai/wire';

export interface ContextLimits {
  readonly tokensPerMinute: bigint;
  readonly requestsPerMinute: bigint;
  readonly usdPerDay: PicoUsd;
}

export interface ContextPlace {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

const ID_LENGTH = 32;

/** X2. */
export function contextId(
  { projectId }: Pick<ContextPlace, 'projectId'>,
  { tokensPerMinute, requestsPerMinute, usdPerDay }: ContextLimits,
): string {
  const text = `${projectId} ${tokensPerMinute} ${requestsPerMinute} ${usdPerDay}`;
  return createHash('sha256').update(text).digest('hex').slice(0, ID_LENGTH);
}
