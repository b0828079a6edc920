import type { CallOutput } from '@sagewai/sdk';

export type Call = CallOutput<'ledger.listSpend'>['spend'][number];

export interface Group {
  readonly name: string;
  readonly calls: number;
  readonly failed: number;
  readonly p50Ms: number;
  readonly p95Ms: number;
  readonly inputTokens: number;
  readonly outputTokens: number;
  readonly usd: number;
}

export interface Buckets {
  /** Their beginnings, in seconds. */
  readonly times: readonly number[];
  /** Of each group, in the order of the groups. */
  readonly series: readonly {
    readonly name: string;
    /** Null where it was not called. */
    readonly p95Ms: readonly (number | null)[];
    /** Of a hundred. */
    readonly failed: readonly (number | null)[];
    readonly tokens: readonly number[];
    readonly usd: readonly number[];
  }[];
}

const BUCKETS = 40;
export const GROUPS_MAX = 6;

/** Corrections are no calls: what they say is money of an earlier one. */
const isCall = ({ kind }: Call): boolean => kind === 'settlement';
const tookMs = ({ started_at: from, settled_at: to }: Call): number =>
  Math.max(0, Date.parse(to) - Date.parse(from));
const usdOf = ({ cost_usd: usd }: Call): number => Number(usd ?? 0);
const sum = (calls: readonly Call[], of: (call: Call) => number): number =>
  calls.reduce((total, call) => total + of(call), 0);

/** The value below which such a share of them lies: the nearest one that was measured. */
export function quantile(values: readonly number[], share: number): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

/** Each group by its name, the one with most calls first. */
export function sumUp(calls: readonly Call[], nameOf: (call: Call) => string): readonly Group[] {
  return [...Map.groupBy(calls, nameOf)]
    .map(([name, all]) => {
      const own = all.filter(isCall);
      const took = own.map(tookMs);
      return {
        name,
        calls: own.length,
        failed: own.filter(({ status }) => status !== 'ok').length,
        p50Ms: quantile(took, 0.5) ?? 0,
        p95Ms: quantile(took, 0.95) ?? 0,
        inputTokens: sum(all, ({ input_tokens: tokens }) => tokens),
        outputTokens: sum(all, ({ output_tokens: tokens }) => tokens),
        usd: sum(all, usdOf),
      };
    })
    .toSorted((a, b) => b.calls - a.calls);
}

/** The same over time, for the groups that are named. */
export function inBuckets(
  calls: readonly Call[],
  of: {
    readonly nameOf: (call: Call) => string;
    readonly names: readonly string[];
    readonly sinceMs: number;
    readonly untilMs: number;
  },
): Buckets {
  const { nameOf, names, sinceMs, untilMs } = of;
  const stepMs = (untilMs - sinceMs) / BUCKETS;
  const indexOf = (call: Call): number =>
    Math.min(BUCKETS - 1, Math.floor((Date.parse(call.started_at) - sinceMs) / stepMs));
  const byName = Map.groupBy(calls, nameOf);
  const indices = Array.from({ length: BUCKETS }, (_, index) => index);
  return {
    times: indices.map((index) => (sinceMs + index * stepMs) / 1_000),
    series: names.map((name) => {
      const byIndex = Map.groupBy(byName.get(name) ?? [], indexOf);
      const each = <Value>(tell: (all: readonly Call[]) => Value): readonly Value[] =>
        indices.map((index) => tell(byIndex.get(index) ?? []));
      return {
        name,
        p95Ms: each((all) => quantile(all.filter(isCall).map(tookMs), 0.95)),
        failed: each((all) => failedPercent(all.filter(isCall))),
        tokens: each((all) => sum(all, (call) => call.input_tokens + call.output_tokens)),
        usd: each((all) => sum(all, usdOf)),
      };
    }),
  };
}

const failedPercent = (own: readonly Call[]): number | null =>
  own.length === 0 ? null : (100 * own.filter(({ status }) => status !== 'ok').length) / own.length;
