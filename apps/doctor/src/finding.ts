/** What one check found. `mend` is the line that mends it. */
export interface Finding {
  readonly check: string;
  readonly level: 'ok' | 'warning' | 'failure';
  readonly found: string;
  readonly mend: string | null;
}

export const ok = (check: string, found: string): Finding => ({
  check,
  level: 'ok',
  found,
  mend: null,
});

export const warning = (check: string, found: string, mend: string): Finding => ({
  check,
  level: 'warning',
  found,
  mend,
});

export const failure = (check: string, found: string, mend: string): Finding => ({
  check,
  level: 'failure',
  found,
  mend,
});

const SEVERITY = { ok: 0, warning: 1, failure: 2 } as const;

/** The process's exit code: 0 all is well, 1 the worst is a warning, 2 something fails. */
export function worstOf(findings: readonly Finding[]): number {
  return Math.max(0, ...findings.map(({ level }) => SEVERITY[level]));
}
