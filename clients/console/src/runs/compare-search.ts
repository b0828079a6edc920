/** The two runs that are compared, as they stand in the address. */
export interface CompareSearch {
  readonly one?: string;
  readonly other?: string;
}

const ID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

export function readCompareSearch(search: Record<string, unknown>): CompareSearch {
  const idOf = (name: string): string | undefined => {
    const value = search[name];
    const text = typeof value === 'string' ? value.trim().toLowerCase() : '';
    return ID.test(text) ? text : undefined;
  };
  const [one, other] = [idOf('one'), idOf('other')];
  return { ...(one === undefined ? {} : { one }), ...(other === undefined ? {} : { other }) };
}
