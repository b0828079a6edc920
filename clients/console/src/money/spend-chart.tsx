import { type ReactElement, useEffect, useRef } from 'react';
import uPlot from 'uplot';

import { shortUsd } from '../format/numbers.ts';
import { theme } from '../shell/theme.ts';
import type { Stacked } from './stack-days.ts';

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

const faint = (colour: string): string =>
  colour.replace(/^rgb\((.*)\)$/, 'rgb($1 / 0.35)').replaceAll(', ', ' ');

export function SpendChart({ stacked, label }: { stacked: Stacked; label: string }): ReactElement {
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
      const series = stacked.series
        .map(({ name }, index) => ({
          name,
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
          // Days are of UTC, as the ledger has them.
          tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
          cursor: { y: false, points: { show: false } },
          scales: { y: { range: (_, __, max) => [0, max > 0 ? max * 1.08 : 1] } },
          axes: [
            { ...axis, incrs: [1, 2, 7, 14, 30].map((days) => days * 86_400) },
            {
              ...axis,
              label: 'US dollars',
              labelSize: 18,
              labelFont: '11px system-ui',
              size: 70,
              values: (_, ticks) => ticks.map((tick) => shortUsd(String(tick))),
            },
          ],
          series: [
            {},
            ...series.map(({ name, colour }) => ({
              label: name,
              stroke: colour,
              fill: faint(colour),
              width: 1.5,
              points: { show: stacked.days.length < 3 },
            })),
          ],
        },
        [[...stacked.days], ...stacked.series.map(({ tops }) => [...tops]).toReversed()],
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
  }, [stacked, shown]);
  return (
    <>
      <span ref={probe} hidden />
      <div ref={place} role="img" aria-label={label} className="min-h-60 w-full overflow-hidden" />
    </>
  );
}
