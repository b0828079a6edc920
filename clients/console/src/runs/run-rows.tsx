import type { CallOutput } from '@sagewai/sdk';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { shortDuration } from '../format/numbers.ts';
import { cx } from '../ui/classes.ts';
import { Time, useNow } from '../ui/time.tsx';
import { ROW_PX, useLongList } from '../ui/use-long-list.ts';
import { StateBadge } from './state-badge.tsx';

export type Run = CallOutput<'runs.listRuns'>['runs'][number];

const COLUMNS =
  'grid grid-cols-[6.5rem_1fr_5rem] md:grid-cols-[6.5rem_minmax(9rem,1fr)_minmax(6rem,0.6fr)_minmax(6rem,0.6fr)_5.5rem_4rem_6rem] gap-x-3 px-3 items-center';

/** Any number of runs: only those in sight are drawn, and the next page is asked for before its place is in sight. */
export function RunRows(of: {
  readonly runs: readonly Run[];
  readonly hasMore: boolean;
  readonly onMore: () => void;
}): ReactElement {
  const { runs, hasMore, onMore } = of;
  const { scroller, items, sizePx } = useLongList({ count: runs.length, hasMore, onMore });
  return (
    <div
      ref={scroller}
      tabIndex={0}
      role="table"
      aria-label="Runs"
      aria-rowcount={runs.length}
      className="focus-inset max-h-[calc(100dvh-14rem)] overflow-auto"
    >
      <div
        role="row"
        className={cx(
          COLUMNS,
          'border-line text-muted bg-panel sticky top-0 z-10 h-8 border-b text-xs',
        )}
      >
        {['State', 'Run', 'Model', 'Worker', 'Took', 'Tries', 'Submitted'].map((name, index) => (
          <span
            key={name}
            role="columnheader"
            className={cx(index > 1 && index < 6 && 'hidden md:block')}
          >
            {name}
          </span>
        ))}
      </div>
      <div role="rowgroup" className="relative" style={{ height: sizePx }}>
        {items.map(({ index, start }) => {
          const run = runs[index];
          return run === undefined ? null : (
            <div
              key={run.id}
              role="row"
              aria-rowindex={index + 2}
              className={cx(COLUMNS, 'border-line hover:bg-hover absolute inset-x-0 border-b')}
              style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
            >
              <Cells run={run} />
            </div>
          );
        })}
      </div>
    </div>
  );
}

function Cells({ run }: { run: Run }): ReactElement {
  const more = 'hidden truncate md:block';
  return (
    <>
      <span role="cell">
        <StateBadge state={run.state} />
      </span>
      <span role="cell" className="truncate">
        <Link
          to="/runs/$runId"
          params={{ runId: run.id }}
          title={run.id}
          className="text-accent font-mono text-xs hover:underline"
        >
          {run.id}
        </Link>
      </span>
      <span role="cell" className={more} title={run.model ?? undefined}>
        {run.model ?? <span className="text-muted">any</span>}
      </span>
      <span role="cell" className={more}>
        {run.worker_name ?? <span className="text-muted">–</span>}
      </span>
      <span role="cell" className={more}>
        <Took run={run} />
      </span>
      <span role="cell" className={more}>
        {run.attempt} of {run.max_attempts}
      </span>
      <span role="cell">
        <Time at={run.created_at} />
      </span>
    </>
  );
}

export function Took({ run }: { run: Pick<Run, 'started_at' | 'finished_at'> }): ReactElement {
  const nowMs = useNow();
  if (run.started_at === null) return <span className="text-muted">–</span>;
  const end = run.finished_at === null ? nowMs : Date.parse(run.finished_at);
  return <span>{shortDuration(end - Date.parse(run.started_at))}</span>;
}
