import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';

import { reach } from '../api/server.ts';
import { isLive } from '../shell/live.ts';

const PAUSE_MS = 400;
const AFTER_FAILURE_MS = 1_500;

/**
 * What grows at the server, read piece by piece from where the last piece ended, into the cache of questions. A long
 * poll waits for the next piece; after a lost connection it goes on where it was.
 */
export function useFollowing<State extends { readonly isEnd: boolean }>(of: {
  readonly key: readonly unknown[];
  readonly empty: State;
  /** The state with what has come since. */
  readonly read: (state: State, signal: AbortSignal) => Promise<State>;
}): UseQueryResult<State> {
  const { key, empty, read } = of;
  const queries = useQueryClient();
  const live = isLive.use();
  const reached = reach.use();
  const name = JSON.stringify(key);
  const query = useQuery<State>({
    queryKey: key,
    queryFn: ({ signal }) => read(queries.getQueryData<State>(key) ?? empty, signal),
    staleTime: Infinity,
    retry: false,
  });
  const { isFetched } = query;
  useEffect(() => {
    if (!live || !isFetched || reached === 'lost') return undefined;
    const stop = new AbortController();
    const follow = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const state = queries.getQueryData<State>(key) ?? empty;
        if (state.isEnd) return;
        const next = await read(state, stop.signal).catch(() => null);
        if (stop.signal.aborted) return;
        if (next !== null) queries.setQueryData<State>(key, next);
        await new Promise((resolve) =>
          setTimeout(resolve, next === null ? AFTER_FAILURE_MS : PAUSE_MS),
        );
      }
    };
    void follow();
    return () => stop.abort();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `name` says what `key`, `read` and `empty` are made of
  }, [name, live, isFetched, reached, queries]);
  return query;
}
