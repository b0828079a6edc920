import type { CallOutput } from '@sagewai/sdk';
import type { UseQueryResult } from '@tanstack/react-query';

import { call, hear } from '../api/server.ts';
import { addToTimeline, type Timeline } from './add-to-timeline.ts';
import { mergeNodes } from './lay-out-timeline.ts';
import { useFollowing } from './use-following.ts';

const WAIT_MS = 20_000;
const PAGE = 1_000;

const NOTHING: Timeline = { cursor: null, nodes: [], attempts: [], costUsd: '0', isEnd: false };

export const useTimeline = (runId: string): UseQueryResult<Timeline> =>
  useFollowing({
    key: ['timeline', runId],
    empty: NOTHING,
    read: (state, signal) => readMore(runId, state, signal),
    hear: ({ cursor }, signal) =>
      hear(
        'runs.streamTimeline',
        { params: { run_id: runId } },
        { signal, ...(cursor === null ? {} : { lastEventId: cursor }) },
      ),
    add: addToTimeline,
    sizeOf: ({ nodes }) => nodes.length,
    speaksFirst: true,
  });

/** The first look does not wait; each later one does, until there is more. */
async function readMore(runId: string, state: Timeline, signal: AbortSignal): Promise<Timeline> {
  let now = state;
  for (;;) {
    const isFirst = now.cursor === null;
    const page: CallOutput<'runs.readTimeline'> = await call(
      'runs.readTimeline',
      {
        params: { run_id: runId },
        query: { limit: PAGE, ...(isFirst ? {} : { cursor: now.cursor ?? '', wait_ms: WAIT_MS }) },
      },
      { signal, timeoutMs: WAIT_MS + 10_000 },
    );
    now = {
      cursor: page.next,
      nodes: mergeNodes(now.nodes, page.nodes),
      attempts: page.attempts,
      costUsd: page.cost_usd,
      isEnd: page.is_end,
    };
    if (page.nodes.length < PAGE) return now;
  }
}
