import { compare, type Figure } from '../common/figure.ts';
import { percentile } from '../common/statistics.ts';

export function countFigure(metric: string, value: number, most: number | null): Figure {
  const target = most === null ? null : ({ of: 'ours', bound: 'at most', value: most } as const);
  return compare({ bench: 'pollers', metric, unit: 'count', target }, [value], null);
}

/** From submitting a run to its lease in the hands of a worker that was waiting. */
export function dispatchFigures(
  metric: string,
  latenciesMs: readonly number[],
  most: { readonly p50: number | null; readonly p99: number | null },
): Figure[] {
  return (['p50', 'p99'] as const).map((share) => {
    const limit = most[share];
    const target =
      limit === null ? null : ({ of: 'ours', bound: 'at most', value: limit } as const);
    const value = percentile(latenciesMs, share === 'p50' ? 0.5 : 0.99);
    return compare(
      { bench: 'pollers', metric: `${metric}.${share}`, unit: 'ms', target },
      [value],
      null,
    );
  });
}
