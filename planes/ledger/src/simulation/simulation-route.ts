import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject, isId } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { formatUsd, type OrganizationId, type QueryOf, simulateBudget } from '@sagewai/wire';

import { listLimits } from '../budget.ts';
import { limitsOf } from '../limits-of-body.ts';
import type { Refusals } from './past-call.ts';
import { dayAgo, type PastFilter } from './past-calls.sql.ts';
import { dayOf, simulate } from './simulate.ts';

const DAYS = 7;
const DAY_MS = 86_400_000;
const ROWS_MAX = 500_000;
const PAGE_ROWS = 10_000;
const GROUPS_MAX = 100;

export function simulationRoute(): Route {
  return implement(simulateBudget, async ({ tx, orgId, query, caller }) => {
    const limits = listLimits(limitsOf(query));
    if (limits.length === 0) throw noLimit();
    const filter = await filterOf(tx, { orgId, query, caller });
    const since = query.since === undefined ? await dayAgo(tx, DAYS) : new Date(query.since);
    const until =
      query.until === undefined ? null : new Date(new Date(query.until).getTime() + DAY_MS);
    const of = { since, until, limits, rowsMax: ROWS_MAX, pageRows: PAGE_ROWS };
    const found = await simulate(tx, filter, of);
    return {
      scope_id:
        query.scope_kind === 'project' ? (filter.projectId ?? query.scope_id) : query.scope_id,
      since: dayOf(since),
      calls: found.seen.calls,
      cost_usd: formatUsd(found.seen.costPusd),
      ...refusedToWire(found),
      unpriced_calls: found.seen.unpriced,
      first_refused_at: found.firstRefusedAt?.toISOString() ?? null,
      by_limit: found.byLimit.map(({ measure, period, ...refused }) => ({
        measure,
        period,
        ...refusedToWire(refused),
      })),
      by_key_and_model: found.byKeyAndModel
        .slice(0, GROUPS_MAX)
        .map(({ keyId, model, firstRefusedAt, ...refused }) => ({
          key_id: keyId,
          model,
          ...refusedToWire(refused),
          first_refused_at: firstRefusedAt.toISOString(),
        })),
      is_whole: found.isWhole,
      read_until: found.readUntil?.toISOString() ?? null,
    };
  });
}

const refusedToWire = ({ calls, costPusd }: Refusals) => ({
  refused_calls: calls,
  refused_usd: formatUsd(costPusd),
});

/** Whose calls; of a bound token, those of its project. */
async function filterOf(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly query: QueryOf<typeof simulateBudget>;
    readonly caller: Caller;
  },
): Promise<PastFilter> {
  const { orgId, query, caller } = of;
  const { scope_kind: kind, scope_id: id } = query;
  const detail = `There is no ${kind} ${id} that you can see.`;
  const bound = boundProject(caller) ?? undefined;
  if (kind === 'organization') {
    found(id === orgId && bound === undefined ? id : null, detail);
    return { orgId };
  }
  if (kind === 'project') {
    const project = await findProject(tx, orgId, id);
    const isSeen = bound === undefined || project?.id === bound;
    return { orgId, projectId: found(isSeen ? project : null, detail, 'project.missing').id };
  }
  if (kind === 'key')
    return { orgId, projectId: bound, keyId: found(isId(id) ? id : null, detail) };
  return { orgId, projectId: bound, [kind]: id };
}

const noLimit = (): Fault =>
  new Fault('request.invalid', 'a simulation of nothing', {
    detail: 'Say at least one limit that is to be tried, as usd_per_day=20.',
  });
