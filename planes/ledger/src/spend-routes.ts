import { once } from 'node:events';

import { Fault } from '@sagewai/fault';
import { type Caller, implement, implementStream, type Route, SAFETY_HEADERS } from '@sagewai/http';
import { isId } from '@sagewai/identity';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import {
  exportSpend,
  formatSpend,
  formatUsd,
  listSpend,
  type QueryOf,
  reportSpend,
  SPEND_NAMES,
  spendHeading,
} from '@sagewai/wire';

import { askedProject } from './asked-project.ts';
import { reportSpend as sumUp } from './spend-report.sql.ts';
import {
  readSpendPage,
  type SpendFilter,
  type SpendPlace,
  sumSaved,
  sumSpend,
} from './spend.sql.ts';
import type { SavedTotals, SpendTotals } from './spend.ts';
import { groupToWire, spendToWire, sumsToWire } from './to-wire.ts';
import { wholeDays } from './whole-days.ts';

const PAGE_ROWS = 100;
const EXPORT_ROWS = 1_000;
const PAGE_GROUPS = 1_000;

export function spendRoutes({ db }: { readonly db: Db }): Route[] {
  return [
    implement(listSpend, async ({ tx, orgId, query, caller }) => {
      const limit = query.limit ?? PAGE_ROWS;
      const filter = { ...filterOf(query, caller), orgId };
      const after = query.cursor === undefined ? undefined : readCursor(query.cursor);
      const { rows, next } = await readSpendPage(tx, filter, { after, limit });
      const totals = after ? null : await totalsOf(tx, filter);
      return {
        spend: rows.map(spendToWire),
        next_cursor: next && cursorOf(next),
        totals: totals && {
          calls: totals.calls,
          cost_usd: formatUsd(totals.costPusd),
          input_tokens: Number(totals.inputTokens),
          output_tokens: Number(totals.outputTokens),
          unpriced_calls: totals.unpricedCalls,
          cached_calls: totals.cachedCalls,
          saved_usd: formatUsd(totals.savedPusd),
        },
      };
    }),

    implement(reportSpend, async ({ tx, orgId, query, caller }) => {
      const by = SPEND_NAMES.filter((name) =>
        (query.group_by ?? 'model').split(',').includes(name),
      );
      const names = new Set([
        ...by,
        ...(query.tag === undefined ? [] : ['tag']),
        ...(query.session === undefined ? [] : ['session']),
      ]);
      if (names.has('tag') && names.has('session')) throw notBoth();
      const limit = query.limit ?? PAGE_GROUPS;
      const offset = Number(query.cursor ?? 0);
      const { key_id: keyId, since: from, until } = query;
      const only = {
        ...namesOf(query),
        projectId: askedProject(caller, query.project_id),
        keyIds: keyId === undefined ? undefined : [keyId],
      };
      const page = { offset, limit: limit + 1 };
      const { groups, totals } = await sumUp(tx, { orgId, by, from, until, only, page });
      return {
        groups: groups.slice(0, limit).map(groupToWire),
        totals: sumsToWire(totals),
        next_cursor: groups.length > limit ? String(offset + limit) : null,
      };
    }),

    implementStream(exportSpend, async ({ query, caller, request, reply }) => {
      const { orgId } = caller;
      if (orgId === null) {
        throw new Fault('organization.required', 'the caller named no organization', {
          detail: 'Name the organization in the header X-Organization.',
        });
      }
      const filter = { ...filterOf(query, caller), orgId };
      const format = query.format ?? 'jsonl';
      const type = format === 'csv' ? 'text/csv; charset=utf-8' : 'application/x-ndjson';
      const heading = spendHeading(format);
      let after = query.cursor === undefined ? undefined : readCursor(query.cursor);
      do {
        const of = { after, limit: EXPORT_ROWS };
        // A page a transaction: a slow reader holds none open.
        const { rows, next } = await inTenant(db, [orgId], (tx) => readSpendPage(tx, filter, of));
        const lines = rows.map((row) => formatSpend(spendToWire(row), format));
        if (!reply.headersSent) {
          reply.writeHead(200, { ...SAFETY_HEADERS, 'content-type': type });
          if (heading !== null && after === undefined) lines.unshift(heading);
        }
        const text = lines.map((line) => `${line}\n`).join('');
        if (text !== '' && !reply.write(text)) {
          await once(reply, 'drain', { signal: request.signal });
        }
        after = next ?? undefined;
      } while (after !== undefined && !request.signal.aborted);
      reply.end();
    }),
  ];
}

/** From the sums of days, where they can say it; else from every row that matches. */
async function totalsOf(tx: Tx, filter: SpendFilter): Promise<SpendTotals & SavedTotals> {
  return { ...(await spentBy(tx, filter)), ...(await sumSaved(tx, filter)) };
}

async function spentBy(tx: Tx, filter: SpendFilter): Promise<SpendTotals> {
  const { orgId, runId, id, status, projectId, keyId, since, until, ...only } = filter;
  const days = wholeDays(since, until);
  const isOfRows = [runId, id, status].some((value) => value !== undefined);
  const isOfBoth = only.session !== undefined && only.tag !== undefined;
  if (days === null || isOfRows || isOfBoth) return sumSpend(tx, filter);
  const { totals } = await sumUp(tx, {
    orgId,
    by: [],
    ...days,
    only: { ...only, projectId, keyIds: keyId === undefined ? undefined : [keyId] },
    page: { offset: 0, limit: 0 },
  });
  const { costPusd, inputTokens, outputTokens } = totals;
  const [calls, unpricedCalls] = [Number(totals.calls), Number(totals.unpricedCalls)];
  return { calls, costPusd, inputTokens, outputTokens, unpricedCalls };
}

type Named = Pick<
  QueryOf<typeof reportSpend>,
  'team' | 'person' | 'model' | 'provider' | 'agent' | 'session' | 'tag'
>;

const namesOf = ({ team, person, model, provider, agent, session, tag }: Named) => ({
  team,
  person,
  model,
  provider,
  agent,
  session,
  tag,
});

type Listed = Omit<QueryOf<typeof exportSpend>, 'format' | 'cursor'>;

function filterOf(query: Listed, caller: Caller): Omit<SpendFilter, 'orgId'> {
  return {
    ...namesOf(query),
    projectId: askedProject(caller, query.project_id),
    keyId: query.key_id,
    runId: query.run_id,
    status: query.status,
    since: query.since,
    until: query.until,
  };
}

const cursorOf = ({ id, entry }: SpendPlace): string => `${id}.${entry}`;

function readCursor(cursor: string): SpendPlace {
  const [id = '', entry = ''] = cursor.split('.');
  if (!isId(id)) throw badCursor();
  return { id, entry: Number(entry) };
}

export const badCursor = (): Fault =>
  new Fault('request.invalid', 'not a cursor of ours', {
    detail: 'The cursor is not one that this listing has answered.',
  });

const notBoth = (): Fault =>
  new Fault('request.invalid', 'a report by session and tag', {
    detail: 'Say session or tag, not both: they are summed up apart.',
  });
