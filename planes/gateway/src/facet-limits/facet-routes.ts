import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import {
  type FacetLimit,
  limitsOf,
  listFacetLimits as readFacetLimits,
  moneyToWire,
  ratesToWire,
  type Scope,
  setFacetLimits,
} from '@sagewai/ledger';
import type { Tx } from '@sagewai/postgres';
import { listFacetLimits, type OutputOf, setFacetLimit } from '@sagewai/wire';

import { findLiteLlmKey } from '../litellm/find-key.ts';
import { findPerson } from '../litellm/people.sql.ts';
import { findTeam } from '../litellm/teams.sql.ts';

const PAGE_ROWS = 100;

export function facetRoutes(): Route[] {
  return [
    implement(listFacetLimits, async ({ tx, orgId, query, caller }) => {
      const limit = query.limit ?? PAGE_ROWS;
      const bound = boundProject(caller);
      const limits = await readFacetLimits(tx, orgId, {
        kind: bound === null ? query.scope_kind : 'project',
        ids: bound !== null ? [bound] : query.scope_id === undefined ? undefined : [query.scope_id],
        facet: query.facet,
        names: query.name === undefined ? undefined : [query.name],
        offset: ((query.page ?? 1) - 1) * limit,
        limit: limit + 1,
      });
      return { limits: limits.slice(0, limit).map(toWire), has_more: limits.length > limit };
    }),

    implement(setFacetLimit, async ({ tx, orgId, params, body, caller, audit }) => {
      const { scope_kind: kind, scope_id: id, facet } = params;
      const scope = await findScope(tx, { orgId, kind, id }, caller);
      const set = { scope, facet, name: body.name ?? null, limits: limitsOf(body) };
      await setFacetLimits(tx, set, set.limits);
      const { name = null, ...limits } = body;
      audit.about(`budget:${scope.kind}:${scope.id}`, { facet, name, ...limits });
      return toWire(set);
    }),
  ];
}

/** Its id; of a project also its name, of a key whatever names one. */
async function findScope(
  tx: Tx,
  scope: { readonly kind: OutputOf<typeof setFacetLimit>['scope_kind'] } & Scope,
  caller: Caller,
): Promise<Scope> {
  const { orgId, kind, id } = scope;
  const detail = `There is no ${kind} ${id} that you can see.`;
  const bound = boundProject(caller);
  if (kind === 'project') {
    const project = await findProject(tx, orgId, id);
    const reachable = bound === null || project?.id === bound ? project : null;
    return { orgId, kind, id: found(reachable, detail, 'project.missing').id };
  }
  if (kind === 'key') {
    return { orgId, kind, id: (await findLiteLlmKey({ tx, orgId, caller }, id)).id };
  }
  const is = {
    organization: async () => (id === orgId ? scope : null),
    team: () => findTeam(tx, { orgId, id }),
    person: () => findPerson(tx, { orgId, id }),
  }[kind];
  found(bound === null ? await is() : null, detail);
  return { orgId, kind, id };
}

const toWire = ({
  scope,
  facet,
  name,
  limits,
}: Omit<FacetLimit, 'partId'>): OutputOf<typeof setFacetLimit> => ({
  scope_kind: scope.kind as OutputOf<typeof setFacetLimit>['scope_kind'],
  scope_id: scope.id,
  facet,
  name,
  ...moneyToWire(limits),
  ...ratesToWire(limits),
});
