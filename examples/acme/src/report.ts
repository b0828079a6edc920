import type { Check } from './check-isolation.ts';

export interface TeamLine {
  readonly team: string;
  readonly project: string;
  readonly pool: string;
  readonly workers: readonly string[];
  readonly model: string;
  readonly runs: number;
  readonly spent_usd: string;
  /** Hard, and soft. */
  readonly usd_per_day: string;
  readonly soft_usd_per_day: string | null;
  readonly beyond_soft: 'warn' | 'throttle' | null;
}

export interface Report {
  readonly teams: readonly TeamLine[];
  readonly checks: readonly Check[];
  /** Calls that each provider answered. */
  readonly provider_calls: Readonly<Record<string, number>>;
  readonly holds: boolean;
}

export function reportText({ teams, checks, provider_calls: calls, holds }: Report): string {
  const rows = [
    ['team', 'project', 'pool', 'model', 'runs', 'spent', 'soft a day', 'hard a day', 'workers'],
    ...teams.map((line) => [
      line.team,
      line.project,
      line.pool,
      line.model,
      String(line.runs),
      `$${line.spent_usd}`,
      line.soft_usd_per_day === null ? '-' : `$${line.soft_usd_per_day} ${line.beyond_soft}`,
      `$${line.usd_per_day}`,
      line.workers.join(', '),
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  const table = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  const lines = checks.map(
    ({ promise, holds: isSo, seen }) => `${isSo ? 'holds' : 'FAILS'}  ${promise} (${seen})`,
  );
  const asked = Object.entries(calls).map(([name, count]) => `${name} ${count}`);
  return [
    '',
    ...table,
    '',
    ...lines,
    '',
    `Calls at the scripted providers: ${asked.join(', ')}.`,
    holds ? 'Three teams, isolated.' : 'Something does not hold.',
  ].join('\n');
}
