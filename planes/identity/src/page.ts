import type { Page } from './organization.ts';

const PAGE_ITEMS = 100;

interface Asked {
  readonly limit?: number;
  readonly cursor?: string;
}

export const toPage = (query: Asked): { limit: number; cursor: string | undefined } => ({
  limit: query.limit ?? PAGE_ITEMS,
  cursor: query.cursor,
});

/** From one item more than the page: the page, and the cursor of the next one if there is one. */
export function cutPage<Item>(
  items: readonly Item[],
  page: Page,
  idOf: (item: Item) => string,
): { readonly items: readonly Item[]; readonly next: string | null } {
  const shown = items.slice(0, page.limit);
  const last = shown.at(-1);
  return {
    items: shown,
    next: items.length > page.limit && last !== undefined ? idOf(last) : null,
  };
}
