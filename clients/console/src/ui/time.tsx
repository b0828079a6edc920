import { type ReactElement, useEffect } from 'react';

import { exactTime, relativeTime } from '../format/times.ts';
import { createStore } from '../store.ts';

const TICK_MS = 1_000;
/** One clock for all times of a page. */
const now = createStore(Date.now());
let watchers = 0;
let timer: ReturnType<typeof setInterval> | undefined;

export function useNow(): number {
  useEffect(() => {
    watchers += 1;
    timer ??= setInterval(() => now.set(Date.now()), TICK_MS);
    return () => {
      watchers -= 1;
      if (watchers > 0) return;
      clearInterval(timer);
      timer = undefined;
    };
  }, []);
  return now.use();
}

/** How long ago, and when exactly for whoever points at it. */
export function Time({
  at,
  otherwise = '–',
}: {
  at: string | null;
  otherwise?: string;
}): ReactElement {
  const nowMs = useNow();
  if (at === null) return <span className="text-muted">{otherwise}</span>;
  return (
    <time dateTime={at} title={exactTime(at)} className="whitespace-nowrap">
      {relativeTime(Date.parse(at), nowMs)}
    </time>
  );
}
