import { type ReactElement, useEffect, useRef } from 'react';
import uPlot from 'uplot';

import { theme } from '../shell/theme.ts';

const HEIGHT_PX = 240;

/** Of the tokens, so that they are right in both themes; the table beneath has the same names and sums. */
export const SERIES_COLOURS = [
  '--color-accent',
  '--color-info',
  '--color-warn',
  '--color-ok',
  '--color-bad',
  '--color-idle',
] as const;

/** A colour as the canvas takes it: resolved by the element itself, for its theme. */
function colourOf(element: HTMLElement, name: string): string {
  element.style.color = `var(${name})`;
  return getComputedStyle(element).color;
}

/** `14:30`; at midnight the day, `28 Nov`. */
function hourOrDay(seconds: number): string {
  const at = new Date(seconds * 1_000);
  return at.getHours() === 0 && at.getMinutes() === 0
    ? at.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })
    : at.toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' });
}

const faint = (colour: string): string =>
  colour.replace(/^rgb\((.*)\)$/, 'rgb($1 / 0.35)').replaceAll(', ', ' ');

export interface TimeChartProps {
  /** For those who do not see it. */
  readonly label: string;
  /** Seconds since 1970. */
  readonly times: readonly number[];
  /** Of stacked ones, the upper edges, the lowest first. Null: nothing was measured. */
  readonly series: readonly {
    readonly name: string;
    readonly values: readonly (number | null)[];
  }[];
  /** What the vertical axis says. */
  readonly unit: string;
  readonly format: (value: number) => string;
  /** The axis goes at least so far. */
  readonly atLeast?: number;
  readonly isStacked?: boolean;
  /** Days are of UTC, as the ledger has them; else times are the reader's own. */
  readonly isOfDays?: boolean;
}

export function TimeChart(of: TimeChartProps): ReactElement {
  const { label, times, series: given, unit, format, atLeast = 0 } = of;
  const { isStacked = false, isOfDays = false } = of;
  const place = useRef<HTMLDivElement>(null);
  const probe = useRef<HTMLSpanElement>(null);
  const shown = theme.use();
  useEffect(() => {
    const [element, colours] = [place.current, probe.current];
    if (element === null || colours === null) return undefined;
    const draw = (): uPlot => {
      const ink = colourOf(colours, '--color-muted');
      const line = colourOf(colours, '--color-line');
      const axis = {
        stroke: ink,
        grid: { stroke: line, width: 1 },
        ticks: { stroke: line, width: 1 },
        font: '11px system-ui',
      };
      // The topmost first: each lower area is drawn over it.
      const series = given
        .map(({ name, values }, index) => ({
          name,
          hasGaps: values.includes(null),
          colour: colourOf(
            colours,
            SERIES_COLOURS[index % SERIES_COLOURS.length] ?? '--color-idle',
          ),
        }))
        .toReversed();
      return new uPlot(
        {
          width: element.clientWidth,
          height: HEIGHT_PX,
          legend: { show: false },
          ...(isOfDays
            ? { tzDate: (seconds: number) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC') }
            : {}),
          cursor: { y: false, points: { show: false } },
          scales: { y: { range: (_, __, max) => [0, Math.max(atLeast, max * 1.08) || 1] } },
          axes: [
            isOfDays
              ? { ...axis, incrs: [1, 2, 7, 14, 30].map((days) => days * 86_400) }
              : { ...axis, values: (_, ticks) => ticks.map(hourOrDay) },
            {
              ...axis,
              label: unit,
              labelSize: 18,
              labelFont: '11px system-ui',
              size: 70,
              values: (_, ticks) => ticks.map(format),
            },
          ],
          series: [
            {},
            ...series.map(({ name, colour, hasGaps }) => ({
              label: name,
              stroke: colour,
              ...(isStacked ? { fill: faint(colour) } : {}),
              width: 1.5,
              points: { show: times.length < 3 || hasGaps },
              spanGaps: true,
            })),
          ],
        },
        [[...times], ...given.map(({ values }) => [...values]).toReversed()],
        element,
      );
    };
    let chart = draw();
    const redraw = (): void => {
      chart.destroy();
      chart = draw();
    };
    const scheme = matchMedia('(prefers-color-scheme: dark)');
    scheme.addEventListener('change', redraw);
    const resized = new ResizeObserver(() => {
      if (element.clientWidth > 0 && element.clientWidth !== chart.width)
        chart.setSize({ width: element.clientWidth, height: HEIGHT_PX });
    });
    resized.observe(element);
    return () => {
      scheme.removeEventListener('change', redraw);
      resized.disconnect();
      chart.destroy();
    };
  }, [times, given, unit, format, atLeast, isStacked, isOfDays, shown]);
  return (
    <>
      <span ref={probe} hidden />
      <div ref={place} role="img" aria-label={label} className="min-h-60 w-full overflow-hidden" />
    </>
  );
}
