import { implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import {
  readSpendPage,
  type ReportGroup,
  type ReportName,
  type SpendFilter,
} from '@sagewai/ledger';
import {
  listSpendKeys,
  listSpendLogs,
  listSpendTags,
  listSpendUsers,
  type QueryOf,
} from '@sagewai/wire';

import { chooseKey, type KeyReach } from './find-key.ts';
import { nameKeys, tokensOf } from './name-keys.ts';
import { daysOf, periodOf } from './read-period.ts';
import { mistaken } from './refuse-fields.ts';
import { toDollars } from './show-balance.ts';
import { showDays, showLog } from './show-spend.ts';
import { sumUp } from './sum-spend.ts';

const PAGE_LOGS = 100;
const KEYS_MAX = 1_000;

const NAMES = {
  model: 'model',
  api_key: 'key',
  user: 'person',
  team: 'team',
} as const satisfies Record<string, ReportName>;

/** `/spend/*` of LiteLLM, over the ledger's rows and sums. */
export function spendRoutes(): Route[] {
  return [
    implement(listSpendLogs, async ({ query, setHeader, ...reach }) => {
      const { start_date: start, end_date: end, group_by: name } = query;
      const only = await chosenOf(reach, query);
      if (name !== undefined) return groupsOf(reach, name, { ...periodOf(query), only });
      if (start !== undefined && end !== undefined && query.summarize !== false) {
        const { from = '', until = '' } = periodOf(query);
        const by = ['day', 'key', 'person', 'model'] as const;
        const { groups } = await sumUp(reach, { by, from, until, only });
        const tokenOf = await tokensOf(
          reach.tx,
          groups.map(({ keyId }) => keyId),
        );
        return showDays(groups, tokenOf, daysOf(from, until) ?? []);
      }
      const filter = logsOf(reach, query, only.keyIds?.[0]);
      const after = query.cursor === undefined ? undefined : placeOf(query.cursor);
      const { rows, next } = await readSpendPage(reach.tx, filter, {
        after,
        limit: query.page_size ?? PAGE_LOGS,
      });
      if (next !== null) setHeader('x-next-cursor', `${next.id}.${next.entry}`);
      const tokenOf = await tokensOf(
        reach.tx,
        rows.map(({ keyId }) => keyId),
      );
      return rows.map((row) => showLog(row, reach.orgId, tokenOf(row.keyId)));
    }),

    implement(listSpendTags, async ({ query, ...reach }) => {
      const { groups } = await sumUp(reach, { by: ['tag'], ...periodOf(query) });
      return groups.map(({ tag, calls, costPusd }) => ({
        individual_request_tag: tag ?? '',
        log_count: Number(calls),
        total_spend: toDollars(costPusd),
      }));
    }),

    implement(listSpendKeys, async ({ query, ...reach }) => {
      const { groups } = await sumUp(reach, { by: ['key'], limit: query.limit ?? KEYS_MAX });
      const ofKeys = groups.filter(({ keyId }) => keyId !== null);
      const ids = ofKeys.map(({ keyId }) => keyId);
      const nameOf = await nameKeys(reach.tx, reach.orgId, ids);
      return ofKeys.map(({ keyId, costPusd }) => {
        const { token, hint, alias, personId, teamId } = nameOf(keyId);
        const spend = toDollars(costPusd);
        return {
          token,
          key_name: hint,
          key_alias: alias,
          spend,
          user_id: personId,
          team_id: teamId,
        };
      });
    }),

    implement(listSpendUsers, async ({ query, ...reach }) => {
      const only = query.user_id === undefined ? {} : { person: query.user_id };
      const { groups } = await sumUp(reach, { by: ['person'], only });
      return groups.flatMap(({ person, calls, costPusd }) =>
        person === null
          ? []
          : [{ user_id: person, spend: toDollars(costPusd), log_count: Number(calls) }],
      );
    }),
  ];
}

interface Chosen {
  readonly keyIds?: readonly string[];
  readonly person?: string;
  readonly team?: string;
}

async function chosenOf(reach: KeyReach, query: QueryOf<typeof listSpendLogs>): Promise<Chosen> {
  const { api_key: key, user_id: person, team_id: team } = query;
  return {
    ...(key === undefined ? {} : { keyIds: [(await chooseKey(reach, key)).id] }),
    ...(person === undefined ? {} : { person }),
    ...(team === undefined ? {} : { team }),
  };
}

async function groupsOf(
  reach: KeyReach,
  name: keyof typeof NAMES,
  of: { readonly from?: string | undefined; readonly until?: string | undefined; only: Chosen },
) {
  const { groups } = await sumUp(reach, { by: [NAMES[name]], ...of });
  const tokenOf = await tokensOf(
    reach.tx,
    groups.map(({ keyId }) => keyId),
  );
  const nameOf = ({ model, keyId, person, team }: ReportGroup): string =>
    ({ model, api_key: tokenOf(keyId), user: person, team })[name] ?? '';
  return groups.map((group) => {
    const spend = toDollars(group.costPusd);
    const own = nameOf(group);
    return {
      group: own,
      [name === 'team' ? 'team_id' : name]: own,
      spend,
      total_spend: spend,
      log_count: Number(group.calls),
      prompt_tokens: Number(group.inputTokens),
      completion_tokens: Number(group.outputTokens),
      total_tokens: Number(group.inputTokens + group.outputTokens),
    };
  });
}

function logsOf(
  { orgId, caller }: KeyReach,
  query: QueryOf<typeof listSpendLogs>,
  keyId: string | undefined,
): SpendFilter {
  const { from, until } = periodOf(query);
  const days = [from, until].filter((day) => day !== undefined);
  if (days.some((day) => daysOf(day, day) === null)) {
    throw mistaken('start_date', 'and end_date must be days');
  }
  const id = query.request_id;
  if (id !== undefined && !/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id)) {
    throw mistaken('request_id', 'must be the x-litellm-call-id of an answer');
  }
  return {
    orgId,
    projectId: boundProject(caller) ?? undefined,
    keyId,
    id,
    person: query.user_id,
    team: query.team_id,
    since: from === undefined ? undefined : `${from}T00:00:00Z`,
    until: until === undefined ? undefined : nextDay(until),
  };
}

const nextDay = (day: string): string =>
  new Date(Date.parse(`${day}T00:00:00Z`) + 86_400_000).toISOString();

function placeOf(cursor: string): { id: string; entry: number } {
  const [id = '', entry = ''] = cursor.split('.');
  if (!/^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/.test(id)) {
    throw mistaken('cursor', 'must be the x-next-cursor of an answer');
  }
  return { id, entry: Number(entry) };
}
