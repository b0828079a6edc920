import type { UseQueryResult } from '@tanstack/react-query';

import { call, hear } from '../api/server.ts';
import { addToLog, type Log } from './add-to-log.ts';
import { useFollowing } from './use-following.ts';

const WAIT_MS = 20_000;
const PAGE = 1_000;

const NOTHING: Log = { next: 0, events: [], leftOut: 0, isEnd: false };

export const useLog = (runId: string): UseQueryResult<Log> =>
  useFollowing({
    key: ['log', runId],
    empty: NOTHING,
    read: (state, signal) => readMore(runId, state, signal),
    hear: ({ next }, signal) =>
      hear(
        'runs.streamRunEvents',
        { params: { run_id: runId }, query: { after: next } },
        { signal, lastEventId: String(next) },
      ),
    add: addToLog,
    // Only the lines in sight are drawn.
    sizeOf: () => 0,
    // A run that says nothing is silent to its end.
    speaksFirst: false,
  });

async function readMore(runId: string, state: Log, signal: AbortSignal): Promise<Log> {
  const isFirst = state === NOTHING;
  const page = await call(
    'runs.listRunEvents',
    {
      params: { run_id: runId },
      query: { after: state.next, limit: PAGE, ...(isFirst ? {} : { wait_ms: WAIT_MS }) },
    },
    { signal, timeoutMs: WAIT_MS + 10_000 },
  );
  return {
    next: page.next,
    events: page.events.length === 0 ? state.events : [...state.events, ...page.events],
    leftOut: page.left_out,
    isEnd: page.is_end,
  };
}
