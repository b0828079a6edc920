const UNITS = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['m', 60_000],
  ['s', 1_000],
] as const;

/** `3d 4h`, `12s`, `now`: at most two units, rounded down. */
export function showDuration(ms: number): string {
  const parts: string[] = [];
  let left = Math.max(0, ms);
  for (const [unit, size] of UNITS) {
    const count = Math.floor(left / size);
    if (count > 0) parts.push(`${count}${unit}`);
    left -= count * size;
    if (parts.length === 2) break;
  }
  return parts.join(' ') || 'now';
}

/** `5m ago`, or `in 2h` for what is to come; `null` stays empty. */
export function showAge(instant: string | null, now: Date): string | null {
  if (instant === null) return null;
  const ms = now.getTime() - Date.parse(instant);
  if (Math.abs(ms) < 1_000) return 'now';
  return ms >= 0 ? `${showDuration(ms)} ago` : `in ${showDuration(-ms)}`;
}
