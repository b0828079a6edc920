import { type ReactElement, useEffect } from 'react';

import { exactTime, relativeTime } from '../format/times.ts';
import { createWallClock } from './clock.ts';

const clock = createWallClock();

export function useNow(): number {
  useEffect(() => clock.watch(), []);
  return clock.now.use();
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
