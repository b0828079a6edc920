export interface Part {
  readonly at: number;
  readonly part: string;
  /** What it was found to be; null: nothing. */
  readonly what: string | null;
}

/** A text in its order, with what was found in it by itself; of finds that overlap the one that begins first. */
export function cutOut(
  text: string,
  found: readonly { readonly start: number; readonly end: number; readonly what: string }[],
): readonly Part[] {
  const parts: Part[] = [];
  let at = 0;
  for (const { start, end, what } of found.toSorted((a, b) => a.start - b.start)) {
    if (start < at) continue;
    if (start > at) parts.push({ at, part: text.slice(at, start), what: null });
    parts.push({ at: start, part: text.slice(start, end), what });
    at = end;
  }
  if (at < text.length) parts.push({ at, part: text.slice(at), what: null });
  return parts;
}
