import type { ReactElement, ReactNode } from 'react';

import { cx } from './classes.ts';

export interface Column<Row> {
  readonly name: string;
  readonly show: (row: Row) => ReactNode;
  /** Numbers stand at the right. */
  readonly isNumber?: boolean;
  /** Left out on narrow screens. */
  readonly isExtra?: boolean;
}

export interface TableProps<Row> {
  /** For those who do not see it. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** What fills it, when there is nothing. */
  readonly empty: ReactNode;
}

export function Table<Row>({ label, columns, rows, keyOf, empty }: TableProps<Row>): ReactElement {
  if (rows.length === 0) return <div className="px-3 py-4">{empty}</div>;
  return (
    <div className="focus-inset overflow-x-auto" tabIndex={0} role="region" aria-label={label}>
      <table className="w-full border-collapse">
        <thead>
          <tr className="border-line text-muted border-b text-left text-xs">
            {columns.map((column) => (
              <th key={column.name} scope="col" className={cellClass(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)} className="border-line hover:bg-hover border-b last:border-0">
              {columns.map((column) => (
                <td key={column.name} className={cellClass(column)}>
                  {column.show(row)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

export const cellClass = <Row,>({ isNumber, isExtra }: Column<Row>): string =>
  cx(
    'px-3 py-1.5 align-middle',
    isNumber === true && 'text-right',
    isExtra === true && 'hidden md:table-cell',
  );
