import { useVirtualizer } from '@tanstack/react-virtual';
import { type ReactElement, useMemo, useRef, useState } from 'react';

import { shortDuration } from '../format/numbers.ts';
import { Button } from '../ui/button.tsx';
import { cx } from '../ui/classes.ts';
import { Empty } from '../ui/panel.tsx';
import type { Timeline } from './add-to-timeline.ts';
import { type Bar, layOutTimeline } from './lay-out-timeline.ts';
import { createTimeScale, ticksOf, type TimeScale } from './time-scale.ts';

const ROW_PX = 26;
const HEIGHT_PX_MAX = 440;
const ZOOMS = [1, 2, 4, 8, 16, 32] as const;

const FILLS = {
  attempt: 'fill-line-strong',
  step: 'fill-accent',
  call: 'fill-info',
  tool: 'fill-info',
} as const satisfies Record<Bar['kind'], string>;

export function Waterfall(of: {
  readonly timeline: Timeline;
  readonly nowMs: number;
  readonly chosen: string | null;
  readonly onChoose: (bar: Bar | null) => void;
}): ReactElement {
  const { timeline, nowMs, chosen, onChoose } = of;
  const [failedOnly, setFailedOnly] = useState(false);
  const [squeeze, setSqueeze] = useState(true);
  const [zoom, setZoom] = useState(0);
  const until = timeline.isEnd ? 0 : nowMs;
  const all = useMemo(() => layOutTimeline(timeline, until), [timeline, until]);
  const bars = useMemo(
    () => (failedOnly ? all.filter(({ isFailed }) => isFailed) : all),
    [all, failedOnly],
  );
  const scale = useMemo(() => createTimeScale(all, { squeeze }), [all, squeeze]);
  if (all.length === 0) {
    return (
      <Empty what="No worker has had it yet. As soon as one does, what it does is drawn here." />
    );
  }
  return (
    <div className="flex flex-col gap-2">
      <div className="flex flex-wrap items-center gap-1.5">
        <Button
          look="quiet"
          aria-pressed={failedOnly}
          onClick={() => setFailedOnly(!failedOnly)}
          className={cx(failedOnly && 'bg-hover')}
        >
          Failed only
        </Button>
        <Button
          look="quiet"
          aria-pressed={squeeze}
          onClick={() => setSqueeze(!squeeze)}
          className={cx(squeeze && 'bg-hover')}
        >
          Squeeze idle time
        </Button>
        <span className="text-muted ml-auto text-xs">
          {all.length} bars, {shortDuration(scale.endMs - scale.startMs)}
        </span>
        <Button look="quiet" aria-label="Zoom out" onClick={() => setZoom(Math.max(0, zoom - 1))}>
          −
        </Button>
        <span className="text-xs">{ZOOMS[zoom]}×</span>
        <Button
          look="quiet"
          aria-label="Zoom in"
          onClick={() => setZoom(Math.min(ZOOMS.length - 1, zoom + 1))}
        >
          +
        </Button>
      </div>
      <Rows bars={bars} scale={scale} zoom={ZOOMS[zoom] ?? 1} chosen={chosen} onChoose={onChoose} />
    </div>
  );
}

function Rows(of: {
  readonly bars: readonly Bar[];
  readonly scale: TimeScale;
  readonly zoom: number;
  readonly chosen: string | null;
  readonly onChoose: (bar: Bar | null) => void;
}): ReactElement {
  const { bars, scale, zoom, chosen, onChoose } = of;
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: bars.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: 12,
  });
  return (
    <div
      ref={scroller}
      role="region"
      aria-label="Waterfall of attempts, steps and model calls"
      tabIndex={0}
      className="border-line focus-inset relative overflow-auto rounded-md border"
      style={{ maxHeight: HEIGHT_PX_MAX }}
    >
      <div style={{ width: `${zoom * 100}%` }} className="min-w-[560px]">
        <Axis scale={scale} zoom={zoom} />
        <ol className="relative" style={{ height: rows.getTotalSize() }}>
          {rows.getVirtualItems().map(({ index, start }) => {
            const bar = bars[index];
            return bar === undefined ? null : (
              <li
                key={bar.key}
                className="absolute inset-x-0"
                style={{ height: ROW_PX, transform: `translateY(${start}px)` }}
              >
                <Row bar={bar} scale={scale} isChosen={chosen === bar.key} onChoose={onChoose} />
              </li>
            );
          })}
        </ol>
      </div>
    </div>
  );
}

const NAME_CLASS = 'bg-panel sticky left-0 z-10 w-52 shrink-0 truncate pl-2 text-left';

function Row(of: {
  readonly bar: Bar;
  readonly scale: TimeScale;
  readonly isChosen: boolean;
  readonly onChoose: (bar: Bar | null) => void;
}): ReactElement {
  const { bar, scale, isChosen, onChoose } = of;
  const x = scale.place(bar.startMs) * 100;
  const width = Math.max(0.15, scale.place(bar.endMs) * 100 - x);
  const took = shortDuration(bar.endMs - bar.startMs);
  const isLate = x + width > 82;
  return (
    <button
      type="button"
      aria-pressed={isChosen}
      aria-label={`${bar.name}, ${bar.note}, ${took}${bar.isFailed ? ', failed' : ''}${bar.isOpen ? ', under way' : ''}`}
      onClick={() => onChoose(isChosen ? null : bar)}
      className={cx(
        'focus-inset group flex h-full w-full items-center',
        isChosen ? 'bg-accent-soft' : 'hover:bg-hover',
      )}
    >
      <span
        className={cx(
          NAME_CLASS,
          bar.kind === 'attempt' && 'font-medium',
          isChosen && '!bg-accent-soft',
        )}
      >
        <span style={{ paddingLeft: bar.depth * 14 }}>{bar.name}</span>
        <span className="text-muted ml-1.5 text-xs">{bar.note}</span>
      </span>
      <svg className="h-full grow" aria-hidden>
        {scale.gaps.map(({ at }) => (
          <line
            key={at}
            x1={`${at * 100}%`}
            x2={`${at * 100}%`}
            y1="0"
            y2="100%"
            className="stroke-line-strong"
            strokeDasharray="2 3"
          />
        ))}
        <rect
          x={`${x}%`}
          y={bar.kind === 'attempt' ? 10 : 6}
          width={`${Math.min(width, 100 - x)}%`}
          height={bar.kind === 'attempt' ? 6 : 14}
          rx="2"
          className={cx(bar.isFailed ? 'fill-bad' : FILLS[bar.kind], bar.isOpen && 'pulse-soft')}
        />
        <text
          x={`${isLate ? x : x + width}%`}
          dx={isLate ? -6 : 6}
          y={ROW_PX / 2 + 4}
          textAnchor={isLate ? 'end' : 'start'}
          className="fill-muted text-2xs"
        >
          {took}
        </text>
      </svg>
    </button>
  );
}

/** Ticks of real time; where time is left out, how much. */
function Axis({ scale, zoom }: { scale: TimeScale; zoom: number }): ReactElement {
  const ticks = ticksOf(scale.endMs - scale.startMs, 6 * zoom).filter(
    (tick) => !isSqueezed(scale, tick),
  );
  return (
    <div className="border-line bg-panel sticky top-0 z-20 flex h-6 border-b">
      <span className={cx(NAME_CLASS, 'text-muted text-xs leading-6')}>Time since its start</span>
      <svg
        className="h-full grow"
        role="img"
        aria-label={`${shortDuration(scale.endMs - scale.startMs)} in all`}
      >
        {ticks.map((tick) => (
          <text
            key={tick}
            x={`${scale.place(scale.startMs + tick) * 100}%`}
            y="16"
            textAnchor={anchorAt(scale.place(scale.startMs + tick))}
            className="fill-muted text-2xs"
          >
            {tick === 0 ? '0' : shortDuration(tick)}
          </text>
        ))}
        {scale.gaps.map(({ at, ms }) => (
          <text
            key={at}
            x={`${at * 100}%`}
            y="16"
            textAnchor="middle"
            className="fill-ink text-2xs"
          >
            ⋯{shortDuration(ms)}⋯
          </text>
        ))}
      </svg>
    </div>
  );
}

/** A label at an end would be cut off in its middle. */
const anchorAt = (place: number): 'start' | 'middle' | 'end' =>
  place === 0 ? 'start' : place > 0.93 ? 'end' : 'middle';

/** Labels there would stand upon each other. */
const isSqueezed = (scale: TimeScale, tick: number): boolean => {
  const place = scale.place(scale.startMs + tick);
  return place > 0.97 || scale.gaps.some(({ at }) => Math.abs(at - place) < 0.06);
};
