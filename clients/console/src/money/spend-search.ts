export const GROUPS = [
  'model',
  'project',
  'key',
  'team',
  'person',
  'provider',
  'agent',
  'session',
  'tag',
] as const;
export type Group = (typeof GROUPS)[number];
export const DAYS = [7, 30, 90] as const;

/** What the spend explorer shows, as it stands in its address. */
export interface SpendSearch {
  readonly by?: Group;
  readonly days?: (typeof DAYS)[number];
}

export function readSpendSearch(search: Record<string, unknown>): SpendSearch {
  const by = GROUPS.find((each) => each === search['by']);
  const days = DAYS.find((each) => each === Number(search['days']));
  return { ...(by === undefined ? {} : { by }), ...(days === undefined ? {} : { days }) };
}
