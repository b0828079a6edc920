/**
 * A facet is what calls of one scope are told apart by: their model, session, agent, a tag, their end user.
 * A part of a scope is what has one of these in common, and has limits of its own: by name, or as each one.
 *
 *   B6. A call counts in every part that is limited when it is admitted, and names them from then on. So a
 *       part counts the calls since it is limited, whatever becomes of its limit while one is under way.
 */
import type { Limits, Scope, ScopeKind } from '../budget.ts';

export const FACETS = ['model', 'session', 'agent', 'tag', 'end_user'] as const;
export type Facet = (typeof FACETS)[number];

export interface FacetLimit {
  readonly scope: Scope;
  readonly facet: Facet;
  /** As somebody wrote it; null: of each that has no limit of its own. */
  readonly name: string | null;
  readonly limits: Limits;
  /** The id of the budget of what has this name; null: of each, which have one each. */
  readonly partId: string | null;
}

export interface Part {
  /** Of what. */
  readonly scopeKind: string;
  readonly facet: Facet;
  readonly name: string;
}

const ID = /^(\w+)\.(\d+):(.*)$/s;

/** What the id of a budget of a part says; null for other scopes. */
export function partOf(kind: ScopeKind, id: string): Part | null {
  const facet = FACETS.find((each) => each === kind);
  const [, scopeKind, , name] = facet === undefined ? [] : (ID.exec(id) ?? []);
  if (facet === undefined || scopeKind === undefined || name === undefined) return null;
  return { scopeKind, facet, name: name.replaceAll('%20', ' ').replaceAll('%25', '%') };
}
