import { useSyncExternalStore } from 'react';

const subscribe = (hear: () => void): (() => void) => {
  document.addEventListener('visibilitychange', hear);
  return () => document.removeEventListener('visibilitychange', hear);
};

/** Whether somebody can see the page: its tab is open in front. */
export const useIsInSight = (): boolean =>
  useSyncExternalStore(subscribe, () => document.visibilityState === 'visible');
