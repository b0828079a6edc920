import type { Static } from 'typebox';

import type { spend } from './ledger.ts';

export const SPEND_FORMATS = ['jsonl', 'csv'] as const;
export type SpendFormat = (typeof SPEND_FORMATS)[number];

type WireSpend = Static<typeof spend>;

const COLUMNS = [
  'id',
  'kind',
  'started_at',
  'settled_at',
  'project_id',
  'key_id',
  'team_id',
  'person_id',
  'run_id',
  'worker_id',
  'session_id',
  'agent',
  'tags',
  'model',
  'deployment',
  'provider',
  'status',
  'cost_usd',
  'reserved_usd',
  'overrun_usd',
  'input_tokens',
  'cached_input_tokens',
  'cache_write_tokens',
  'output_tokens',
  'usage_source',
  'saved_usd',
] as const satisfies readonly (keyof WireSpend)[];

/** The line before all others; null: the format has none. */
export const spendHeading = (format: SpendFormat): string | null =>
  format === 'csv' ? COLUMNS.join(',') : null;

/** What one call cost, as a line. Amounts are decimal US dollars, tags are parted by blanks. */
export function formatSpend(row: WireSpend, format: SpendFormat): string {
  if (format === 'jsonl') return JSON.stringify(row);
  return csvLine(
    COLUMNS.map((column) => {
      const value = row[column];
      return Array.isArray(value) ? value.join(' ') : value;
    }),
  );
}

/** RFC 4180. What a spreadsheet would take for a formula is kept from it by an apostrophe. */
export function csvLine(cells: readonly (string | number | null)[]): string {
  return cells.map(cellOf).join(',');
}

function cellOf(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const isFormula = /^[=+@\t\r]/.test(value) || (value.startsWith('-') && !/^-[\d.]+$/.test(value));
  const safe = isFormula ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
