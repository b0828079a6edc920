import type { listQueues, listFleetProjects, OutputOf } from '@sagewai/wire';

import type { Limits, Rate } from './limit.ts';
import type { BacklogCount } from './limits.sql.ts';

type Project = OutputOf<typeof listFleetProjects>['projects'][number];
type Pool = OutputOf<typeof listQueues>['queues'][number];

export function toPoolLimits({ maxQueued, rate }: Limits): Pick<Pool, 'max_queued' | 'max_starts'> {
  return {
    max_queued: maxQueued,
    max_starts: rate === null ? null : { count: rate.starts, per_seconds: rate.perMs / 1_000 },
  };
}

export function toProjectLimits(
  limits: Limits,
): Pick<Project, 'max_queued' | 'max_starts' | 'max_running' | 'weight'> {
  return {
    ...toPoolLimits(limits),
    max_running: limits.maxRunning,
    weight: limits.weight ?? 1,
  };
}

export function fromStarts(starts: Pool['max_starts']): Rate | null {
  return starts === null ? null : { starts: starts.count, perMs: starts.per_seconds * 1_000 };
}

export function toBacklog(
  counts: readonly BacklogCount[],
): Pick<Project, 'pending' | 'blocked' | 'oldest_at'> {
  const sum = (of: 'pending' | 'paused' | 'cap' | 'rate'): number =>
    counts.reduce((total, count) => total + count[of], 0);
  const oldest = counts
    .flatMap(({ oldestAt }) => (oldestAt === null ? [] : [oldestAt.getTime()]))
    .reduce((first, at) => Math.min(first, at), Number.POSITIVE_INFINITY);
  return {
    pending: sum('pending'),
    blocked: { paused: sum('paused'), cap: sum('cap'), rate: sum('rate') },
    oldest_at: Number.isFinite(oldest) ? new Date(oldest).toISOString() : null,
  };
}
