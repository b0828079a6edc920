import type { StreamEvents } from '@sagewai/sdk';

import { type Attempt, mergeNodes, type TimelineNode } from './lay-out-timeline.ts';

export interface Timeline {
  readonly cursor: string | null;
  readonly nodes: readonly TimelineNode[];
  readonly attempts: readonly Attempt[];
  readonly costUsd: string;
  readonly isEnd: boolean;
}

const END = /-end$/;

/** The timeline with what was heard of it. */
export function addToTimeline(
  before: Timeline,
  events: readonly StreamEvents['runs.streamTimeline'][],
): Timeline {
  const nodes: TimelineNode[] = [];
  let now = before;
  for (const { id, event, data } of events) {
    now = { ...now, cursor: id.replace(END, '') };
    if (event === 'node') nodes.push(data);
    else
      now = {
        ...now,
        attempts: data.attempts,
        costUsd: data.cost_usd,
        isEnd: event === 'end',
      };
  }
  return { ...now, nodes: mergeNodes(before.nodes, nodes) };
}
