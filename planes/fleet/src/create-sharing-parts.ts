import type { Db } from '@sagewai/postgres';

import { RunCosts } from './dispatch/run-costs.ts';
import { FullQueues } from './limits/full-queues.ts';
import { takeRoom } from './limits/limits.sql.ts';
import { ProjectFacts } from './limits/project-facts.ts';
import { ServerRoom } from './limits/server-room.ts';
import type { FleetSettings } from './settings.ts';

/** What one replica knows of how workers and queues are shared. */
export interface SharingParts {
  readonly costs: RunCosts;
  readonly projects: ProjectFacts;
  readonly room: ServerRoom;
  readonly full: FullQueues;
}

export function createSharingParts(of: {
  readonly dispatch: Db;
  readonly settings: FleetSettings;
  readonly monotonicMs: () => number;
}): SharingParts {
  const { dispatch, settings, monotonicMs } = of;
  const retryAfterMs = settings.fullRetryMs;
  return {
    costs: new RunCosts(),
    projects: new ProjectFacts(),
    room: new ServerRoom({
      take: (count) => takeRoom(dispatch, count),
      chunk: settings.roomChunk,
      retryAfterMs,
      monotonicMs,
    }),
    full: new FullQueues({ retryAfterMs, monotonicMs }),
  };
}
