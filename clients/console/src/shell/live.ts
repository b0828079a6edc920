import { createStore } from '../store.ts';

/** Whether pages follow what happens, or stand still to be read. */
export const isLive = createStore(true);

interface Paged {
  readonly state: { readonly data?: { readonly pages: readonly unknown[] } | undefined };
}

/** The same for a list of pages: once older ones are open it stands still, or each time all of them were asked for. */
export const useEveryWhileNewest = (ms: number): ((query: Paged) => number | false) => {
  const every = useEvery(ms);
  return ({ state }) => ((state.data?.pages.length ?? 0) > 1 ? false : every);
};

/** For `refetchInterval`: how often a page asks again, or never while it stands still. */
export const useEvery = (ms: number): number | false => (isLive.use() ? ms : false);
