import { createStore } from '../store.ts';

/** Whether pages follow what happens, or stand still to be read. */
export const isLive = createStore(true);

/** For `refetchInterval`: how often a page asks again, or never while it stands still. */
export const useEvery = (ms: number): number | false => (isLive.use() ? ms : false);
