import type { WireSelector } from '@sagewai/wire';

import { type Requirement, requirementOf, type Routing } from './match-class.ts';
import type { ProjectRouting } from './project-routing.ts';
import { readSelectors } from './read-selectors.ts';
import { ANY_MODEL, POOL_DEFAULT } from './run.ts';
import type { Labels } from './selector.ts';

/** What a submission says of the worker that it wants. */
export interface Asked {
  readonly pool?: string;
  readonly model?: string | null;
  readonly labels?: Labels;
  readonly selectors?: readonly WireSelector[];
}

export interface DecidedRequirement {
  readonly kind: 'decided';
  readonly requirement: Requirement;
  /** As asked, or as the project has it; null: any. */
  readonly model: string | null;
}

export type Decided =
  | DecidedRequirement
  | { readonly kind: 'mistaken'; readonly path: string; readonly message: string };

/** What a run requires: its own requirements and its project's, which it cannot take back. */
export function decideRequirement(asked: Asked, project: ProjectRouting): Decided {
  const { pool = project.pool ?? POOL_DEFAULT, model = project.model } = asked;
  for (const [name, value] of Object.entries(project.labels)) {
    const own = asked.labels;
    if (own !== undefined && Object.hasOwn(own, name) && own[name] !== value) {
      const wanted = `${JSON.stringify(name)} must be ${JSON.stringify(value)}`;
      return mistaken('labels', `${wanted}: every run of the project requires it`);
    }
  }
  const read = readSelectors(asked.selectors ?? []);
  if (read.kind === 'mistaken') return mistaken(`selectors/${read.at}`, read.message);
  const routing: Routing = { selectors: read.required, preferences: read.preferred };
  const isPlain = routing.selectors.length === 0 && routing.preferences.length === 0;
  const requirement = requirementOf({
    pool,
    model,
    labels: { ...asked.labels, ...project.labels },
    routing: isPlain ? null : routing,
  });
  return requirement === null
    ? mistaken('model', 'is no name of a model')
    : { kind: 'decided', requirement, model: requirement.model === ANY_MODEL ? null : model };
}

function mistaken(path: string, message: string): Decided {
  return { kind: 'mistaken', path, message };
}
