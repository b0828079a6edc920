import { type Figure, meetsTarget } from './figure.ts';

const HEADINGS = ['metric', 'ours', 'peer', '', 'ours/peer', 'target'];

/** One object a line. */
export function figuresAsJson(figures: readonly Figure[]): string {
  return figures
    .map(({ bench, metric, unit, ours, peer, peer_name, ratio }) =>
      JSON.stringify({
        bench,
        metric,
        unit,
        ours: rounded(ours),
        peer: rounded(peer),
        peer_name,
        ratio: rounded(ratio),
      }),
    )
    .join('\n');
}

/** Columns for a terminal; the target stands beside what was measured. */
export function figuresAsTable(figures: readonly Figure[]): string {
  const rows = [HEADINGS, ...figures.map(cellsOf)];
  const widths = HEADINGS.map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  );
  return rows
    .map((row) => row.map((cell, column) => pad(cell, widths[column] ?? 0, column)).join('  '))
    .map((line) => line.trimEnd())
    .join('\n');
}

function cellsOf(figure: Figure): string[] {
  return [
    figure.metric,
    amount(figure.ours, figure.unit),
    amount(figure.peer, figure.unit),
    figure.peer_name ?? '',
    figure.ratio === null ? '–' : figure.ratio.toFixed(2),
    targetCell(figure),
  ];
}

function targetCell(figure: Figure): string {
  if (figure.target === null) return '';
  const { of, bound, value } = figure.target;
  const wanted = `${of === 'ratio' ? 'ratio ' : ''}${bound} ${value.toLocaleString('en')}`;
  const met = meetsTarget(figure);
  return met === null ? `${wanted}: not measured` : `${wanted}: ${met ? 'met' : 'missed'}`;
}

function amount(value: number | null, unit: string): string {
  if (value === null) return '–';
  const digits = value < 10 ? 2 : value < 100 ? 1 : 0;
  const text = value.toLocaleString('en', { maximumFractionDigits: digits });
  return unit === 'count' ? text : `${text} ${unit}`;
}

function pad(cell: string, width: number, column: number): string {
  const isNumber = column === 1 || column === 2 || column === 4;
  return isNumber ? cell.padStart(width) : cell.padEnd(width);
}

/** To six digits: more would be noise. */
function rounded(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(6));
}
