export const SUBJECTS = ['model', 'agent', 'worker', 'pool'] as const;
export type Subject = (typeof SUBJECTS)[number];
export const HOURS = [1, 24, 168] as const;

/** What the page of analytics shows, as it stands in its address. */
export interface AnalyticsSearch {
  readonly by?: Subject;
  readonly hours?: (typeof HOURS)[number];
}

export function readAnalyticsSearch(search: Record<string, unknown>): AnalyticsSearch {
  const by = SUBJECTS.find((each) => each === search['by']);
  const hours = HOURS.find((each) => each === Number(search['hours']));
  return { ...(by === undefined ? {} : { by }), ...(hours === undefined ? {} : { hours }) };
}
