import type { Labels } from './selector.ts';

/** What every run of a project requires, and what it gets where it says nothing. */
export interface ProjectRouting {
  readonly labels: Labels;
  readonly pool: string | null;
  readonly model: string | null;
}

export const NO_ROUTING: ProjectRouting = { labels: {}, pool: null, model: null };
