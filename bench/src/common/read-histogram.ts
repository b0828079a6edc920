/** What a histogram has counted, by the upper bounds of its buckets; the last is `Infinity`. */
export type Histogram = ReadonlyMap<number, number>;

/** The buckets of those series whose labels have the text, added up over servers. */
export async function readHistogram(
  urls: readonly string[],
  { name, labels }: { readonly name: string; readonly labels: string },
): Promise<Histogram> {
  const texts = await Promise.all(urls.map(async (url) => (await fetch(`${url}/metrics`)).text()));
  return bucketsOf(texts.join('\n'), { name, labels });
}

export function bucketsOf(
  text: string,
  { name, labels }: { readonly name: string; readonly labels: string },
): Histogram {
  const buckets = new Map<number, number>();
  for (const line of text.split('\n')) {
    if (!line.startsWith(`${name}_bucket{`) || !line.includes(labels)) continue;
    const bound = /le="([^"]+)"/.exec(line)?.[1];
    if (bound === undefined) continue;
    const upper = bound === '+Inf' ? Number.POSITIVE_INFINITY : Number(bound);
    const count = Number(line.slice(line.lastIndexOf(' ') + 1));
    buckets.set(upper, (buckets.get(upper) ?? 0) + count);
  }
  return buckets;
}

/**
 * Where a part of what was counted between two readings lies: within its bucket as if all were spread
 * evenly, so never finer than the buckets. NaN when nothing was counted.
 */
export function quantileOf(before: Histogram, after: Histogram, part: number): number {
  const bounds = [...after.keys()].toSorted((a, b) => a - b);
  const counted = (bound: number): number => (after.get(bound) ?? 0) - (before.get(bound) ?? 0);
  const total = counted(Number.POSITIVE_INFINITY);
  let [lower, below] = [0, 0];
  for (const bound of bounds) {
    const upTo = counted(bound);
    if (total > 0 && upTo >= total * part) {
      if (bound === Number.POSITIVE_INFINITY) return lower;
      return lower + ((bound - lower) * (total * part - below)) / (upTo - below);
    }
    [lower, below] = [bound, upTo];
  }
  return Number.NaN;
}
