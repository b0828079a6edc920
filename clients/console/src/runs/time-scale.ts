/** From instants to places between 0 and 1. */
export interface TimeScale {
  readonly startMs: number;
  readonly endMs: number;
  /** Where time is left out, and how much. */
  readonly gaps: readonly { readonly at: number; readonly ms: number }[];
  place(ms: number): number;
}

interface Span {
  readonly startMs: number;
  readonly endMs: number;
}

/** What a stretch in which nothing happens shrinks to, as a share of the time in which something does. */
const GAP_SHARE = 0.03;
/** Shorter stretches are left as they are, by the same measure. */
const GAP_SHARE_MIN = 0.15;

/** With `squeeze`, long stretches in which nothing happens are drawn short. */
export function createTimeScale(
  spans: readonly Span[],
  { squeeze }: { readonly squeeze: boolean },
): TimeScale {
  // Not by spreading: there may be more spans than a call takes arguments.
  const startMs = spans.reduce((least, span) => Math.min(least, span.startMs), Infinity);
  const endMs = spans.reduce((most, span) => Math.max(most, span.endMs), startMs + 1);
  if (spans.length === 0) return { startMs: 0, endMs: 1, gaps: [], place: () => 0 };
  const busy = unite(spans);
  const busyMs = Math.max(
    1,
    busy.reduce((sum, span) => sum + span.endMs - span.startMs, 0),
  );
  const pieces: { from: number; to: number; size: number; isGap: boolean }[] = [];
  busy.forEach((span, index) => {
    const before = busy[index - 1];
    if (before !== undefined) {
      const ms = span.startMs - before.endMs;
      const isGap = squeeze && ms > busyMs * GAP_SHARE_MIN;
      pieces.push({
        from: before.endMs,
        to: span.startMs,
        size: isGap ? busyMs * GAP_SHARE : ms,
        isGap,
      });
    }
    pieces.push({
      from: span.startMs,
      to: span.endMs,
      size: span.endMs - span.startMs,
      isGap: false,
    });
  });
  const whole = Math.max(
    1,
    pieces.reduce((sum, { size }) => sum + size, 0),
  );
  let offset = 0;
  const placed = pieces.map((piece) => {
    const start = offset;
    offset += piece.size / whole;
    return { ...piece, start, share: piece.size / whole };
  });
  return {
    startMs,
    endMs,
    gaps: placed
      .filter(({ isGap }) => isGap)
      .map(({ start, share, from, to }) => ({ at: start + share / 2, ms: to - from })),
    place: (ms) => {
      const piece = firstThat(placed, ({ to }) => ms <= to) ?? placed.at(-1);
      if (piece === undefined) return 0;
      const inside = piece.to === piece.from ? 0 : (ms - piece.from) / (piece.to - piece.from);
      return Math.min(1, Math.max(0, piece.start + inside * piece.share));
    },
  };
}

/** Of a list in whose order all that come after the first such one are such too. */
function firstThat<Item>(
  items: readonly Item[],
  isSuch: (item: Item) => boolean,
): Item | undefined {
  let [from, to] = [0, items.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    const item = items[middle];
    if (item !== undefined && isSuch(item)) to = middle;
    else from = middle + 1;
  }
  return items[from];
}

function unite(spans: readonly Span[]): readonly Span[] {
  const united: { startMs: number; endMs: number }[] = [];
  for (const span of spans.toSorted((a, b) => a.startMs - b.startMs)) {
    const last = united.at(-1);
    if (last !== undefined && span.startMs <= last.endMs)
      last.endMs = Math.max(last.endMs, span.endMs);
    else united.push({ ...span });
  }
  return united;
}

/** Round instants to write under the axis, from the start on. */
export function ticksOf(spanMs: number, count: number): readonly number[] {
  const rough = spanMs / count;
  const power = 10 ** Math.floor(Math.log10(Math.max(rough, 0.001)));
  const step = ([1, 2, 5, 10].find((each) => each * power >= rough) ?? 10) * power;
  return Array.from({ length: Math.floor(spanMs / step) + 1 }, (_, index) => index * step);
}
