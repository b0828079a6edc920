import { useVirtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { type RefObject, useEffect, useRef } from 'react';

/** How high each row of a long list is. */
export const ROW_PX = 33;
const ROWS_AHEAD = 20;
const ROWS_BESIDE = 16;

export interface LongList {
  /** The element that scrolls. */
  readonly scroller: RefObject<HTMLDivElement | null>;
  /** The rows in sight, and some beside them. */
  readonly items: readonly VirtualItem[];
  readonly sizePx: number;
}

/** A list of any length: only what is in sight is drawn, and more is asked for before its place is in sight. */
export function useLongList(of: {
  readonly count: number;
  readonly hasMore: boolean;
  readonly onMore: () => void;
}): LongList {
  const { count, hasMore, onMore } = of;
  const scroller = useRef<HTMLDivElement>(null);
  const drawn = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_PX,
    overscan: ROWS_BESIDE,
  });
  const items = drawn.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (hasMore && count > 0 && last >= count - ROWS_AHEAD) onMore();
  }, [hasMore, last, count, onMore]);
  return { scroller, items, sizePx: drawn.getTotalSize() };
}
