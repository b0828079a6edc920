import { type ReactElement, useMemo } from 'react';

import { percent, shortCount, shortDuration, shortUsd } from '../format/numbers.ts';
import { Panel } from '../ui/panel.tsx';
import { TimeChart } from '../ui/time-chart.tsx';
import type { Buckets } from './sum-up.ts';

type Series = Buckets['series'][number];
type Measure = 'p95Ms' | 'failed' | 'tokens' | 'usd';

const MEASURES: readonly {
  readonly of: Measure;
  readonly title: string;
  readonly unit: string;
  readonly format: (value: number) => string;
  readonly atLeast?: number;
}[] = [
  { of: 'p95Ms', title: 'Latency, 95 of 100 calls', unit: 'time', format: shortDuration },
  {
    of: 'failed',
    title: 'Calls that did not end well',
    unit: 'of the calls',
    format: (value) => percent(value / 100),
    atLeast: 10,
  },
  { of: 'tokens', title: 'Tokens', unit: 'tokens', format: shortCount },
  { of: 'usd', title: 'Cost', unit: 'US dollars', format: (usd) => shortUsd(String(usd)) },
];

/** The four measures over time, a line for each group. */
export function Charts({ buckets, by }: { buckets: Buckets; by: string }): ReactElement {
  return (
    <div className="grid gap-4 xl:grid-cols-2">
      {MEASURES.map(({ of, title, unit, format, atLeast = 0 }) => (
        <Panel key={of} title={title}>
          <One
            buckets={buckets}
            valuesOf={VALUES[of]}
            label={`${title}, by ${by}, over time; the table has the sums`}
            unit={unit}
            format={format}
            atLeast={atLeast}
          />
        </Panel>
      ))}
    </div>
  );
}

const VALUES = {
  p95Ms: ({ p95Ms }: Series) => p95Ms,
  failed: ({ failed }: Series) => failed,
  tokens: ({ tokens }: Series) => tokens,
  usd: ({ usd }: Series) => usd,
} as const;

function One(of: {
  readonly buckets: Buckets;
  readonly valuesOf: (series: Series) => readonly (number | null)[];
  readonly label: string;
  readonly unit: string;
  readonly format: (value: number) => string;
  readonly atLeast: number;
}): ReactElement {
  const { buckets, valuesOf, ...chart } = of;
  const series = useMemo(
    () => buckets.series.map((each) => ({ name: each.name, values: valuesOf(each) })),
    [buckets, valuesOf],
  );
  return <TimeChart {...chart} times={buckets.times} series={series} />;
}
