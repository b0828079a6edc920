import type { ProjectId } from '@sagewai/wire';

import type { Requirement } from '../matching/match-class.ts';
import { explainPlacement } from './explain-placement.ts';
import { lacksOf } from './lacks.ts';
import type { WorkerFact } from './placement-facts.ts';

/** Why no worker can serve runs of this requirement now; null: one can, full or not. */
export function judgeQueue(
  queue: {
    readonly requirement: Requirement;
    readonly projectId: ProjectId;
    readonly workerNum?: number | null;
  },
  workers: readonly WorkerFact[],
): string | null {
  const isServed = workers.some((worker) =>
    lacksOf(worker, queue).every(({ code }) => code === 'full'),
  );
  if (isServed) return null;
  const { reasons } = explainPlacement({
    ...queue,
    workerNum: queue.workerNum ?? null,
    directedTo: null,
    directedUntil: null,
    movesThen: false,
    workers,
    state: 'queued',
    scheduledFor: null,
    waitsFor: null,
    workerName: null,
    cancelRequested: false,
    isDeadLetter: false,
    ahead: 0,
    isAheadCounted: true,
    bindings: [],
  });
  return reasons.map(({ text }) => text).join(' ');
}
