import type { CallOutput } from '@sagewai/sdk';

import type { Group } from './spend-search.ts';

export type SpendGroup = CallOutput<'ledger.reportSpend'>['groups'][number];

/** Stacked areas over days: each series is drawn on top of those before it. */
export interface Stacked {
  /** Seconds, as the chart has them. */
  readonly days: readonly number[];
  readonly series: readonly {
    readonly name: string;
    readonly usd: number;
    readonly tops: readonly number[];
    readonly values: readonly number[];
  }[];
}

const SERIES_MAX = 6;
const OTHERS = 'all others';
const DAY_SECONDS = 86_400;

export function nameOf(group: SpendGroup, by: Group): string {
  const value = by === 'project' ? group.project_id : by === 'key' ? group.key_id : group[by];
  return value ?? `no ${by}`;
}

/** The dearest have series of their own, the others one together; days on which nothing was spent are 0. */
export function stackDays(
  groups: readonly SpendGroup[],
  of: { readonly by: Group; readonly since: string; readonly until: string },
): Stacked {
  const first = Date.parse(of.since) / 1_000;
  const last = Date.parse(of.until) / 1_000;
  const days = Array.from(
    { length: (last - first) / DAY_SECONDS + 1 },
    (_, index) => first + index * DAY_SECONDS,
  );
  const sums = new Map<string, number>();
  for (const group of groups) {
    const name = nameOf(group, of.by);
    sums.set(name, (sums.get(name) ?? 0) + Number(group.cost_usd));
  }
  const ordered = [...sums].toSorted((a, b) => b[1] - a[1]).map(([name]) => name);
  const own = ordered.length > SERIES_MAX ? ordered.slice(0, SERIES_MAX - 1) : ordered;
  const names = ordered.length > own.length ? [...own, OTHERS] : own;
  const below = days.map(() => 0);
  const series = names.map((name) => {
    const values = days.map(() => 0);
    for (const group of groups) {
      const isHere =
        name === OTHERS ? !own.includes(nameOf(group, of.by)) : nameOf(group, of.by) === name;
      const at = group.day === null ? -1 : days.indexOf(Date.parse(group.day) / 1_000);
      if (isHere && at >= 0) values[at] = (values[at] ?? 0) + Number(group.cost_usd);
    }
    const tops = values.map((value, index) => (below[index] = (below[index] ?? 0) + value));
    return { name, values, tops, usd: values.reduce((sum, value) => sum + value, 0) };
  });
  return { days, series };
}
