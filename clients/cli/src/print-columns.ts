import { plainText } from './plain-text.ts';

/** Rows as aligned columns. Empty cells print as `-`; the last column is never padded. */
export function printColumns(
  headings: readonly string[],
  rows: readonly (readonly (string | number | null | undefined)[])[],
): string {
  const cells = rows.map((row) => row.map((cell) => clean(cell)));
  const widths = headings.map((heading, column) =>
    Math.max(heading.length, ...cells.map((row) => row[column]?.length ?? 0)),
  );
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => (column === row.length - 1 ? cell : cell.padEnd(widths[column] ?? 0)))
      .join('  ');
  return [line(headings.map((heading) => heading.toUpperCase())), ...cells.map(line)].join('\n');
}

function clean(cell: string | number | null | undefined): string {
  const text = cell === null || cell === undefined || cell === '' ? '-' : String(cell);
  return plainText(text).replaceAll(/\s+/g, ' ');
}
