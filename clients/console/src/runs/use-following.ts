import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { useEffect } from 'react';

import { reach } from '../api/server.ts';
import { isLive } from '../shell/live.ts';
import { useIsInSight } from '../shell/use-is-in-sight.ts';
import { createStore } from '../store.ts';
import { follow, type Growing } from './follow.ts';

/** Until one has not: then the page asks instead. */
const streamsArrive = createStore(true);

/**
 * What grows at the server, in the cache of questions: read once, then followed from where that ended. A page that is
 * not in sight follows nothing: a browser has few connections to a server for all its pages.
 */
export function useFollowing<State extends { readonly isEnd: boolean }, Event>(
  of: Growing<State, Event> & { readonly key: readonly unknown[]; readonly empty: State },
): UseQueryResult<State> {
  const { key, empty, ...growing } = of;
  const queries = useQueryClient();
  const isFollowed = useIsInSight() && isLive.use() && reach.use() === 'there';
  const name = JSON.stringify(key);
  const query = useQuery<State>({
    queryKey: key,
    // Once there is something, only who follows adds to it: two at once would forget what the other has added.
    queryFn: ({ signal }) => queries.getQueryData<State>(key) ?? growing.read(empty, signal),
    staleTime: Infinity,
    retry: false,
    // Each state shares with the one before what has stayed; to compare all of it would take long.
    structuralSharing: false,
  });
  const { isFetched } = query;
  useEffect(() => {
    if (!isFollowed || !isFetched) return undefined;
    const stop = new AbortController();
    void follow(growing, {
      get: () => queries.getQueryData<State>(key) ?? empty,
      put: (state) => queries.setQueryData<State>(key, state),
      arrive: streamsArrive,
      signal: stop.signal,
    });
    return () => stop.abort();
    // oxlint-disable-next-line react-hooks/exhaustive-deps -- `name` says what `key`, `growing` and `empty` are made of
  }, [name, isFollowed, isFetched, queries]);
  return query;
}
