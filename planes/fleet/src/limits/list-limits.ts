import type { ProjectId } from '@sagewai/wire';

import type { Limit } from './limit.ts';
import type { BacklogCount } from './limits.sql.ts';

export interface ListedPool {
  readonly pool: string;
  /** Null: the whole pool. */
  readonly projectId: ProjectId | null;
  readonly limit: Limit | undefined;
  readonly counts: readonly BacklogCount[];
}

/** Every pool that has ever had a run or has a limit, and under it the projects with limits of their own. */
export function placesWithLimits(
  limits: readonly Limit[],
  backlog: readonly BacklogCount[],
  bound: ProjectId | null,
): ListedPool[] {
  const ofPools = limits.filter(
    (limit) => limit.pool !== null && (bound === null || [null, bound].includes(limit.projectId)),
  );
  const pools = new Set([
    ...ofPools.flatMap(({ pool }) => (pool === null ? [] : [pool])),
    ...backlog.map(({ pool }) => pool),
  ]);
  return [...pools].toSorted().flatMap((pool) => {
    const counts = backlog.filter((count) => count.pool === pool);
    const own = ofPools.filter((limit) => limit.pool === pool);
    const whole = own.find(({ projectId }) => projectId === null);
    return [
      { pool, projectId: null, limit: whole, counts },
      ...own
        .filter(({ projectId }) => projectId !== null)
        .map((limit) => ({
          pool,
          projectId: limit.projectId,
          limit,
          counts: counts.filter(({ projectId }) => projectId === limit.projectId),
        })),
    ];
  });
}
