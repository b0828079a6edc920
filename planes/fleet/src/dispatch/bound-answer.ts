/** What fits into one answer, and what does not. At least one always fits: else it could never be had. */
export function boundAnswer<Item>(
  items: readonly Item[],
  bytesOf: (item: Item) => number,
  bytesMax: number,
): { readonly fits: Item[]; readonly rest: Item[] } {
  let bytes = 0;
  const end = items.findIndex((item, at) => {
    bytes += bytesOf(item);
    return at > 0 && bytes > bytesMax;
  });
  const count = end === -1 ? items.length : end;
  return { fits: items.slice(0, count), rest: items.slice(count) };
}
