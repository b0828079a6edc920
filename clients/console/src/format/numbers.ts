const THOUSAND = 1_000;

/** `1,234`; from ten thousand on `12.3k`, `4.5M`. */
export function shortCount(count: number): string {
  for (const [unit, size] of [
    ['G', THOUSAND ** 3],
    ['M', THOUSAND ** 2],
    ['k', THOUSAND],
  ] as const) {
    if (Math.abs(count) >= size * (unit === 'k' ? 10 : 1)) {
      return `${(count / size).toFixed(1).replace(/\.0$/, '')}${unit}`;
    }
  }
  return count.toLocaleString('en-US');
}

/**
 * Dollars as the server writes them, for reading: cents where there are some, else the first two digits that are
 * not 0. The exact amount stands beside it, for whoever points at it.
 */
export function shortUsd(text: string): string {
  const amount = Number(text);
  if (!Number.isFinite(amount)) return `$${text}`;
  const size = Math.abs(amount);
  const sign = amount < 0 ? '−' : '';
  if (size === 0) return '$0';
  if (size >= 10_000) return `${sign}$${shortCount(Math.round(size))}`;
  if (size >= 0.01) return `${sign}$${size.toFixed(2)}`;
  if (size < 1e-9) return `${sign}$${size.toExponential(1)}`;
  return `${sign}$${size.toFixed(Math.min(12, 1 - Math.floor(Math.log10(size)))).replace(/0+$/, '')}`;
}

/** `420 ms`, `3.4 s`, `2 min 5 s`, `3 h 2 min`, `4 d 2 h`. */
export function shortDuration(ms: number): string {
  if (ms < 0) return '0 ms';
  if (ms < THOUSAND) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / THOUSAND).toFixed(ms < 10_000 ? 2 : 1)} s`;
  const seconds = Math.round(ms / THOUSAND);
  const parts: readonly (readonly [number, string])[] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor((seconds % 86_400) / 3_600), 'h'],
    [Math.floor((seconds % 3_600) / 60), 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  return parts
    .slice(first, first + 2)
    .filter(([count]) => count > 0)
    .map(([count, unit]) => `${count} ${unit}`)
    .join(' ');
}

/** `12 %`; less than one but not none is `< 1 %`. */
export function percent(fraction: number): string {
  if (fraction > 0 && fraction < 0.01) return '< 1 %';
  return `${Math.round(fraction * 100)} %`;
}
