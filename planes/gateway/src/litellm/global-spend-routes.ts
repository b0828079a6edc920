import type { Clock } from '@sagewai/clock';
import { implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { readBudgets, type ReportGroup, type ReportName } from '@sagewai/ledger';
import {
  listGlobalSpendKeys,
  listGlobalSpendModels,
  listGlobalSpendTags,
  listGlobalSpendTeams,
  type OutputOf,
  readGlobalSpend,
  reportGlobalSpend,
} from '@sagewai/wire';

import { chooseKey, type KeyReach } from './find-key.ts';
import { nameKeys, tokensOf } from './name-keys.ts';
import { DURATIONS, mainLimit } from './read-limits.ts';
import { lastDays, periodOf } from './read-period.ts';
import { toDollars } from './show-balance.ts';
import { addUp } from './show-spend.ts';
import { sumUp } from './sum-spend.ts';
import { readTeamAliases } from './teams.sql.ts';

const TOP = 10;

/** As LiteLLM calls those that belong to none. */
const NO_TEAM = 'Unassigned Team';

/** What a report may be grouped by: the ledger's word, the list's name, and the name of its items. */
const GROUPED = {
  team: ['team', 'teams', 'team_name'],
  user: ['person', 'users', 'user'],
  project: ['project', 'projects', 'project_id'],
  model: ['model', 'models', 'model'],
  tag: ['tag', 'tags', 'tag'],
  agent: ['agent', 'agents', 'agent_id'],
  session: ['session', 'sessions', 'session_id'],
} as const satisfies Record<string, readonly [ReportName, string, string]>;

/** `/global/spend*` of LiteLLM, over the ledger's sums. */
export function globalSpendRoutes({ clock }: { readonly clock: Clock }): Route[] {
  return [
    implement(readGlobalSpend, async (reach) => {
      const { tx, orgId, caller } = reach;
      // Whoever is bound to a project sees what that has spent, and so its limit.
      const projectId = boundProject(caller);
      const scope =
        projectId === null
          ? ({ orgId, kind: 'organization', id: orgId } as const)
          : ({ orgId, kind: 'project', id: projectId } as const);
      const { totals } = await sumUp(reach, { by: [], limit: 0 });
      const { limits } = await readBudgets(tx, scope);
      const main = mainLimit(limits);
      return {
        spend: toDollars(totals.costPusd),
        max_budget: main === undefined ? 0 : toDollars(limits[main] ?? 0n),
        budget_duration: main === undefined ? null : (DURATIONS[main][0] ?? null),
      };
    }),

    implement(reportGlobalSpend, async ({ query, ...reach }) => {
      const {
        api_key: key,
        internal_user_id: person,
        team_id: team,
        group_by: name = 'team',
      } = query;
      const only = {
        ...(key === undefined ? {} : { keyIds: [(await chooseKey(reach, key)).id] }),
        ...(person === undefined ? {} : { person }),
        ...(team === undefined ? {} : { team }),
      };
      const of = { ...periodOf(query), only };
      if (name === 'api_key' || key !== undefined || person !== undefined) {
        const { groups } = await sumUp(reach, { by: ['key', 'model'], ...of });
        return byKey(
          groups,
          await tokensOf(
            reach.tx,
            groups.map(({ keyId }) => keyId),
          ),
        );
      }
      const [own, list, item] = GROUPED[name];
      const by = [...new Set<ReportName>(['day', own, 'key', 'model'])];
      const { groups } = await sumUp(reach, { by, ...of });
      const tokenOf = await tokensOf(
        reach.tx,
        groups.map(({ keyId }) => keyId),
      );
      const teamOf = await nameTeams(reach, own === 'team' ? groups : []);
      const nameOf = (group: ReportGroup): string =>
        own === 'team' ? teamOf(group) : (group[own === 'project' ? 'projectId' : own] ?? '');
      return byDay(groups, { nameOf, tokenOf, list, item });
    }),

    implement(listGlobalSpendKeys, async ({ query, ...reach }) => {
      const of = { ...lastDays(query, clock.now()), limit: query.limit ?? TOP };
      const { groups } = await sumUp(reach, { by: ['key'], ...of });
      const ids = groups.map(({ keyId }) => keyId);
      const nameOf = await nameKeys(reach.tx, reach.orgId, ids);
      return groups.map(({ keyId, costPusd }) => {
        const { token, alias, hint } = nameOf(keyId);
        const total = toDollars(costPusd);
        return { api_key: token, key_alias: alias, key_name: hint, total_spend: total };
      });
    }),

    implement(listGlobalSpendModels, async ({ query, ...reach }) => {
      const of = { ...lastDays(query, clock.now()), limit: query.limit ?? TOP };
      const { groups } = await sumUp(reach, { by: ['model'], ...of });
      return groups.map(({ model, costPusd }) => ({
        model: model ?? '',
        total_spend: toDollars(costPusd),
      }));
    }),

    implement(listGlobalSpendTeams, async ({ query, ...reach }) => {
      const period = lastDays(query, clock.now());
      const { groups } = await sumUp(reach, { by: ['day', 'team'], ...period });
      const nameOf = await nameTeams(reach, groups);
      const days = Map.groupBy(groups, ({ day }) => day ?? '');
      const totals = addUp(groups, nameOf);
      return {
        daily_spend: [...days].map(([date, ofDay]) => ({ ...addUp(ofDay, nameOf), date })),
        teams: Object.keys(totals),
        total_spend_per_team: Object.entries(totals).map(([team, total]) => ({
          team_id: team,
          total_spend: total,
        })),
      };
    }),

    implement(listGlobalSpendTags, async ({ query, ...reach }) => {
      const { groups } = await sumUp(reach, { by: ['tag'], ...lastDays(query, clock.now()) });
      const wanted = query.tags?.split(',').map((tag) => tag.trim());
      const shown = groups.filter(({ tag }) => wanted?.includes(tag ?? '') ?? true);
      return {
        spend_per_tag: shown.map(({ tag, costPusd, calls }) => ({
          name: tag ?? '',
          spend: toDollars(costPusd),
          log_count: Number(calls),
        })),
      };
    }),
  ];
}

/** By their aliases, as LiteLLM does; a team without one, or that is gone, by its id. */
async function nameTeams(
  { tx, orgId }: KeyReach,
  groups: readonly ReportGroup[],
): Promise<(group: ReportGroup) => string> {
  const ids = new Set(groups.flatMap(({ team }) => team ?? []));
  const aliases = await readTeamAliases(tx, orgId, [...ids]);
  return ({ team }) => (team === null ? NO_TEAM : (aliases.get(team) ?? team));
}

type Report = OutputOf<typeof reportGlobalSpend>;

function byKey(groups: readonly ReportGroup[], tokenOf: (id: string | null) => string): Report {
  const keys = [...Map.groupBy(groups, ({ keyId }) => keyId)];
  const sums = keys.map(([id, of]) => ({ token: tokenOf(id), of, ...costOf(of) }));
  const dearest = sums.toSorted((one, other) => (other.cost > one.cost ? 1 : -1));
  return dearest.map(({ token, of, ...sum }) => ({
    api_key: token,
    ...showCost(sum),
    model_details: of.map((group) => ({ model: group.model ?? '', ...showCost(costOf([group])) })),
  }));
}

function byDay(
  groups: readonly ReportGroup[],
  of: {
    readonly nameOf: (group: ReportGroup) => string;
    readonly tokenOf: (id: string | null) => string;
    readonly list: string;
    readonly item: string;
  },
): Report {
  return [...Map.groupBy(groups, ({ day }) => day ?? '')].map(([day, ofDay]) => ({
    group_by_day: day,
    [of.list]: [...Map.groupBy(ofDay, of.nameOf)].map(([name, own]) => ({
      [of.item]: name,
      total_spend: toDollars(costOf(own).cost),
      metadata: own.map((group) => ({
        model: group.model ?? '',
        api_key: of.tokenOf(group.keyId),
        spend: toDollars(group.costPusd),
        total_tokens: Number(group.inputTokens + group.outputTokens),
      })),
    })),
  })) as Report;
}

interface Cost {
  readonly cost: bigint;
  readonly input: bigint;
  readonly output: bigint;
}

const costOf = (groups: readonly ReportGroup[]): Cost => ({
  cost: groups.reduce((sum, { costPusd }) => sum + costPusd, 0n),
  input: groups.reduce((sum, { inputTokens }) => sum + inputTokens, 0n),
  output: groups.reduce((sum, { outputTokens }) => sum + outputTokens, 0n),
});

const showCost = ({ cost, input, output }: Cost) => ({
  total_cost: toDollars(cost),
  total_input_tokens: Number(input),
  total_output_tokens: Number(output),
});
