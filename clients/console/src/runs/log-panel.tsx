import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactElement, useEffect, useRef } from 'react';

import { clockTime, exactTime } from '../format/times.ts';
import { cx } from '../ui/classes.ts';
import { Failure } from '../ui/failure.tsx';
import { Empty } from '../ui/panel.tsx';
import type { LogEvent } from './add-to-log.ts';
import { useLog } from './use-log.ts';

const ROW_PX = 21;
const LEVELS = {
  debug: 'text-muted',
  info: 'text-ink',
  warn: 'text-warn',
  error: 'text-bad',
} as const;

/** What the run says, line by line; stays at its end while it is looked at there. */
export function LogPanel({ runId }: { runId: string }): ReactElement {
  const { data, error } = useLog(runId);
  const scroller = useRef<HTMLDivElement>(null);
  const isAtEnd = useRef(true);
  const events = data?.events ?? [];
  const rows = useVirtualizer({
    count: events.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 20,
  });
  useEffect(() => {
    if (isAtEnd.current && events.length > 0) rows.scrollToIndex(events.length - 1);
  }, [events.length, rows]);
  if (error !== null) return <Failure error={error} />;
  if (events.length === 0) {
    return (
      <Empty
        what={
          data?.isEnd === true
            ? 'It has said nothing.'
            : 'It has said nothing yet. What its code logs stands here.'
        }
      />
    );
  }
  return (
    <>
      {data !== undefined && data.leftOut > 0 ? (
        <p className="text-warn pb-1 text-xs">
          {data.leftOut} lines were left out: it said too much at once.
        </p>
      ) : null}
      <div
        ref={scroller}
        tabIndex={0}
        role="log"
        aria-label="Log of the run"
        onScroll={({ currentTarget: { scrollTop, clientHeight, scrollHeight } }) => {
          isAtEnd.current = scrollTop + clientHeight >= scrollHeight - ROW_PX;
        }}
        className="focus-inset max-h-80 overflow-auto font-mono text-xs"
      >
        <div className="relative min-w-max" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const event = events[index];
            return event === undefined ? null : (
              <div
                key={event.seq}
                className="absolute inset-x-0 flex gap-3 whitespace-pre"
                style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
              >
                <time className="text-muted" dateTime={event.at} title={exactTime(event.at)}>
                  {clockTime(event.at)}
                </time>
                <span className="text-muted w-16 shrink-0">{event.level ?? event.kind}</span>
                <span className={cx(LEVELS[event.level ?? 'info'])}>{textOf(event)}</span>
              </div>
            );
          })}
        </div>
      </div>
    </>
  );
}

function textOf({ kind, text, fraction, data }: LogEvent): string {
  const share = fraction === null ? '' : `${Math.round(fraction * 100)} % `;
  const more = kind === 'custom' && data !== null ? ` ${JSON.stringify(data)}` : '';
  return `${share}${text ?? ''}${more}`;
}
