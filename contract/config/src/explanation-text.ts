import type { Explanation } from './explain.ts';

/** What `config explain` prints: a line a setting, or one JSON array for programs. */
export function explanationText(rows: readonly Explanation[], json: boolean): string {
  if (json) return `${JSON.stringify(rows)}\n`;
  return rows.map((row) => `${lineOf(row)}\n`).join('');
}

function lineOf({ name, value, source, description, mistake }: Explanation): string {
  if (mistake !== null) return `${name}  (${source}) NOT VALID: ${mistake}. ${description}`;
  return `${name}=${value ?? ''}  (${source}) ${description}`;
}
