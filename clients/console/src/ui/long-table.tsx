import type { ReactElement } from 'react';

import { cx } from './classes.ts';
import { cellClass, type TableProps } from './table.tsx';
import { ROW_PX, useLongList } from './use-long-list.ts';

/** A table of any length: only the rows in sight are drawn, and more are asked for before their place is in sight. */
export function LongTable<Row>(
  of: TableProps<Row> & { readonly hasMore: boolean; readonly onMore: () => void },
): ReactElement {
  const { label, columns, rows, keyOf, empty, hasMore, onMore } = of;
  const { scroller, items, sizePx } = useLongList({ count: rows.length, hasMore, onMore });
  if (rows.length === 0) return <div className="px-3 py-4">{empty}</div>;
  const above = items[0]?.start ?? 0;
  const below = sizePx - (items.at(-1)?.end ?? 0);
  return (
    <div
      ref={scroller}
      className="focus-inset max-h-[calc(100dvh-18rem)] overflow-auto"
      tabIndex={0}
      role="region"
      aria-label={label}
    >
      <table className="w-full table-fixed border-collapse" aria-rowcount={rows.length + 1}>
        <thead className="bg-panel sticky top-0 z-10">
          <tr className="border-line text-muted border-b text-left text-xs" aria-rowindex={1}>
            {columns.map((column) => (
              <th key={column.name} scope="col" className={cellClass(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap px={above} />
          {items.map(({ index }) => {
            const row = rows[index];
            return row === undefined ? null : (
              <tr
                key={keyOf(row)}
                aria-rowindex={index + 2}
                className="border-line hover:bg-hover border-b"
                style={{ height: ROW_PX }}
              >
                {columns.map((column) => (
                  <td key={column.name} className={cx(cellClass(column), 'truncate')}>
                    {column.show(row)}
                  </td>
                ))}
              </tr>
            );
          })}
          <Gap px={below} />
        </tbody>
      </table>
    </div>
  );
}

/** In the place of rows that are not drawn. */
const Gap = ({ px }: { readonly px: number }): ReactElement | null =>
  px > 0 ? <tr aria-hidden style={{ height: px }} /> : null;
