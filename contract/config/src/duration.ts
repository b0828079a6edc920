const UNIT_MS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

export type DurationUnit = keyof typeof UNIT_MS;

const isUnit = (text: string): text is DurationUnit => Object.hasOwn(UNIT_MS, text);

/**
 * Reads `30s`, `24h`, `7d`, `1d12h` into milliseconds; null when it is none. Each unit appears once,
 * larger ones first. A bare number counts in `bareUnit`, and is refused without one.
 */
export function parseDuration(text: string, bareUnit?: DurationUnit): number | null {
  if (/^\d{1,15}$/.test(text)) return bareUnit ? safe(Number(text) * UNIT_MS[bareUnit]) : null;
  if (!/^(\d{1,15}(ms|s|m|h|d))+$/.test(text)) return null;
  let totalMs = 0;
  let previousMs = Number.POSITIVE_INFINITY;
  for (const [, count, unit] of text.matchAll(/(\d+)(ms|s|m|h|d)/g)) {
    if (unit === undefined || !isUnit(unit) || UNIT_MS[unit] >= previousMs) return null;
    previousMs = UNIT_MS[unit];
    totalMs += Number(count) * previousMs;
  }
  return safe(totalMs);
}

/** The shortest text that `parseDuration` reads back: 129600000 is `1d12h`. */
export function formatDuration(durationMs: number): string {
  let restMs = durationMs;
  let text = '';
  for (const unit of ['d', 'h', 'm', 's', 'ms'] as const) {
    const count = Math.floor(restMs / UNIT_MS[unit]);
    restMs -= count * UNIT_MS[unit];
    if (count > 0) text += `${count}${unit}`;
  }
  return text || '0s';
}

const safe = (ms: number): number | null => (Number.isSafeInteger(ms) ? ms : null);
