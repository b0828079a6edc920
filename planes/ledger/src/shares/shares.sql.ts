import { type Db, type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Measure, Period, ScopeKind } from '../budget.ts';
import type { Settlement } from '../call.ts';
import { notingRoutes } from '../routing-decisions.sql.ts';
import { writeTags } from '../write-tags.ts';
import type { ChargedCall, LateSettlement } from './charged-call.ts';
import type { Amounts, OpenCall } from './share.ts';

export interface SharedSettlement {
  readonly call: OpenCall;
  readonly settlement: Settlement;
  readonly elapsedMs: number;
}

export interface BookInput {
  readonly holdings: readonly {
    readonly id: string;
    readonly orgId: OrganizationId;
    readonly isNew: boolean;
  }[];
  readonly ttlMs: number;
  /** No more than this part of what is left goes into a share: one over it. */
  readonly divisor: number;
  readonly settlements: readonly SharedSettlement[];
  readonly wants: readonly {
    readonly orgId: OrganizationId;
    readonly kind: ScopeKind;
    readonly id: string;
    readonly target: Amounts;
  }[];
}

/** A holding that lives (a row without a budget), or a share that was looked at. */
export interface BookedRow {
  readonly holdingId: string;
  readonly isRecalled: boolean | null;
  readonly day: string | null;
  readonly leftOfDayMs: bigint | null;
  readonly budgetId: bigint | null;
  readonly scopeKind: ScopeKind;
  readonly scopeId: string;
  readonly measure: Measure;
  readonly period: Period;
  readonly amount: bigint;
  readonly limit: bigint;
  readonly used: bigint;
}

/** Books calls and grants shares in one statement and one commit; safe to repeat. */
export async function bookShared(db: Executor, input: BookInput): Promise<BookedRow[]> {
  const { holdings, settlements, wants } = input;
  const of = columnsOf(settlements);
  const booking = sql<BookedRow>`
    select holding_id as "holdingId", is_recalled as "isRecalled", day::text as day,
           left_of_day_ms as "leftOfDayMs", budget_id as "budgetId", scope_kind as "scopeKind",
           scope_id as "scopeId", measure, period, amount, limit_amount as "limit", used
    from ledger_book(
      ${holdings.map(({ id }) => id)}::uuid[], ${holdings.map(({ orgId }) => orgId)}::uuid[],
      ${holdings.map(({ isNew }) => isNew)}::boolean[], ${input.ttlMs}::bigint, ${input.divisor}::bigint,
      ${of.id}::uuid[], ${of.org}::uuid[], ${of.project}::uuid[], ${of.key}::uuid[], ${of.team}::text[],
      ${of.person}::text[], ${of.run}::uuid[],
      ${of.day}::timestamptz[], ${of.elapsedMs}::bigint[], ${of.reservedPusd}::bigint[],
      ${of.reservedTokens}::bigint[], ${of.cost}::bigint[], ${of.input}::bigint[], ${of.cached}::bigint[],
      ${of.written}::bigint[], ${of.output}::bigint[], ${of.priceKnown}::boolean[], ${of.source}::text[],
      ${of.status}::text[], ${of.model}::text[], ${of.deployment}::text[], ${of.provider}::text[],
      ${of.session}::text[], ${of.agent}::text[], ${of.tags}::text[],
      ${wants.map(({ orgId }) => orgId)}::uuid[], ${wants.map(({ kind }) => kind)}::text[],
      ${wants.map(({ id }) => id)}::text[], ${wants.map(({ target }) => target[0])}::bigint[],
      ${wants.map(({ target }) => target[1])}::bigint[], ${wants.map(({ target }) => target[2])}::bigint[])
  `;
  const { rows } = await notingRoutes(booking, given(settlements)).execute(db);
  return rows;
}

export interface BookOwnInput {
  readonly holding: { readonly id: string; readonly orgId: OrganizationId };
  readonly day: string;
  readonly ttlMs: number;
  readonly divisor: number;
  readonly settlements: readonly SharedSettlement[];
  /** What each budget is charged, and how large its share is to be. */
  readonly charges: readonly {
    readonly budgetId: string;
    readonly charged: number;
    readonly overrun: number;
    readonly want: number | null;
  }[];
}

export interface BookedOwnRow {
  readonly isRecalled: boolean;
  readonly leftOfDayMs: bigint;
  readonly budgetId: bigint;
  readonly amount: bigint;
  readonly limit: bigint;
  readonly used: bigint;
}

/** As `bookShared`, for the usual case. Null: it is not, and nothing was booked. */
export async function bookOwn(db: Executor, input: BookOwnInput): Promise<BookedOwnRow[] | null> {
  const { holding, settlements, charges } = input;
  const of = columnsOf(settlements);
  try {
    const booking = sql<BookedOwnRow>`
      select is_recalled as "isRecalled", left_of_day_ms as "leftOfDayMs", budget_id as "budgetId", amount,
             limit_amount as "limit", used
      from ledger_book_own(
        ${holding.id}::uuid, ${holding.orgId}::uuid, ${input.day}::timestamptz, ${input.ttlMs}::bigint,
        ${input.divisor}::bigint, ${of.id}::uuid[], ${once(of.project)}::uuid[], ${of.key}::uuid[],
        ${of.team}::text[], ${of.person}::text[], ${of.run}::uuid[], ${of.elapsedMs}::bigint[], ${of.reservedPusd}::bigint[],
        ${of.reservedTokens}::bigint[], ${of.cost}::bigint[], ${of.input}::bigint[], ${once(of.cached)}::bigint[],
        ${once(of.written)}::bigint[], ${of.output}::bigint[], ${once(of.priceKnown)}::boolean[], ${once(of.source)}::text[],
        ${once(of.status)}::text[], ${once(of.model)}::text[], ${once(of.deployment)}::text[], ${of.provider}::text[],
        ${of.session}::text[], ${of.agent}::text[], ${of.tags}::text[],
        ${charges.map(({ budgetId }) => budgetId)}::bigint[],
        ${charges.map(({ charged }) => charged)}::bigint[],
        ${charges.map(({ overrun }) => overrun)}::bigint[],
        ${charges.map(({ want }) => want)}::bigint[])
    `;
    const { rows } = await notingRoutes(booking, given(settlements)).execute(db);
    return rows.length === 0 ? null : rows;
  } catch (error) {
    if (NOT_USUAL.has((error as { code?: string }).code ?? '')) return null;
    throw error;
  }
}

/** Its own word, and that of a call that was booked before. */
const NOT_USUAL: ReadonlySet<string> = new Set(['SG001', '23505']);

/** Books calls whose holding is gone, but those that have a reservation; safe to repeat. */
export async function bookLate(
  db: Executor,
  settlements: readonly LateSettlement[],
): Promise<void> {
  const of = columnsOf(settlements);
  const booking = sql`
    select ledger_book_late(
      ${[...new Set(of.org)]}::uuid[], ${settlements.map(({ call }) => call.holding.id)}::uuid[],
      ${of.id}::uuid[], ${of.org}::uuid[], ${of.project}::uuid[], ${of.key}::uuid[], ${of.team}::text[],
      ${of.person}::text[], ${of.run}::uuid[],
      ${of.day}::timestamptz[], ${of.elapsedMs}::bigint[], ${of.reservedPusd}::bigint[],
      ${of.reservedTokens}::bigint[], ${of.cost}::bigint[], ${of.input}::bigint[], ${of.cached}::bigint[],
      ${of.written}::bigint[], ${of.output}::bigint[], ${of.priceKnown}::boolean[], ${of.source}::text[],
      ${of.status}::text[], ${of.model}::text[], ${of.deployment}::text[], ${of.provider}::text[],
      ${of.session}::text[], ${of.agent}::text[], ${of.tags}::text[])
  `;
  await notingRoutes(booking, given(settlements)).execute(db);
}

const given = (settlements: readonly LateSettlement[]): Settlement[] =>
  settlements.map(({ settlement }) => settlement);

function columnsOf(settlements: readonly LateSettlement[]) {
  const requests = settlements.map(({ call }) => call.request);
  const given = settlements.map(({ settlement }) => settlement);
  return {
    ...callColumns(settlements.map(({ call }) => call)),
    elapsedMs: settlements.map(({ elapsedMs }) => Math.ceil(elapsedMs)),
    reservedPusd: settlements.map(({ call }) => call.amountPusd),
    reservedTokens: settlements.map(({ call }) => call.needs[1]),
    cost: given.map(({ costPusd }) => costPusd ?? 0n),
    input: given.map(({ inputTokens }) => inputTokens),
    cached: given.map(({ cachedInputTokens }) => cachedInputTokens ?? 0),
    written: given.map(({ cacheWriteTokens }) => cacheWriteTokens ?? 0),
    output: given.map(({ outputTokens }) => outputTokens),
    priceKnown: given.map(({ costPusd }) => costPusd !== null),
    source: given.map(({ usageSource }) => usageSource),
    status: given.map(({ status }) => status),
    deployment: given.map(
      ({ deployment }, index) => deployment ?? requests[index]?.deployment ?? '',
    ),
    provider: optional(given.map(({ provider }) => provider ?? null)),
  };
}

function callColumns(calls: readonly ChargedCall[]) {
  const requests = calls.map(({ request }) => request);
  return {
    id: requests.map(({ id }) => id),
    org: requests.map(({ orgId }) => orgId),
    project: requests.map(({ projectId }) => projectId),
    key: optional(requests.map(({ keyId }) => keyId ?? null)),
    team: optional(requests.map(({ teamId }) => teamId ?? null)),
    person: optional(requests.map(({ personId }) => personId ?? null)),
    run: optional(requests.map(({ runId }) => runId ?? null)),
    day: calls.map(({ day }) => day),
    model: requests.map(({ model }) => model),
    session: optional(requests.map(({ sessionId }) => sessionId ?? null)),
    agent: optional(requests.map(({ agent }) => agent ?? null)),
    tags: optional(requests.map(({ tags }) => writeTags(tags))),
  };
}

/** Most batches are of one project, one model and one deployment: a column of one value is read as that of all. */
const once = <Value>(values: readonly Value[]): readonly Value[] =>
  values.every((value) => value === values[0]) ? values.slice(0, 1) : values;

/** A column of nulls costs as much as any; the function reads a short one as ending in them. */
const optional = <Value>(values: readonly (Value | null)[]): readonly (Value | null)[] =>
  values.some((value) => value !== null) ? values : [];

export interface YieldInput {
  readonly orgId: OrganizationId;
  readonly holdingId: string;
  /** Null: all of them, and the holding. */
  readonly budgetIds: readonly string[] | null;
  /** Under way; they become reservations. */
  readonly calls: readonly { readonly call: OpenCall; readonly elapsedMs: number }[];
}

/** Gives shares back. False: the holding is gone. Safe to repeat. */
export async function yieldShares(db: Executor, input: YieldInput): Promise<boolean> {
  const calls = input.calls.map(({ call }) => call);
  const of = callColumns(calls);
  const { rows } = await sql<{ held: boolean }>`
    select ledger_yield(
      ${input.orgId}::uuid, ${input.holdingId}::uuid, ${input.budgetIds}::bigint[],
      ${of.id}::uuid[], ${of.project}::uuid[], ${of.key}::uuid[], ${of.team}::text[],
      ${of.person}::text[], ${of.run}::uuid[],
      ${of.day}::timestamptz[], ${input.calls.map(({ elapsedMs }) => Math.ceil(elapsedMs))}::bigint[],
      ${input.calls.map(({ call, elapsedMs }) =>
        Math.max(1_000, Math.ceil(call.request.expiresInMs - elapsedMs)),
      )}::bigint[],
      ${calls.map(({ amountPusd }) => amountPusd)}::bigint[],
      ${calls.map(({ request }) => request.inputTokensMax)}::bigint[],
      ${calls.map(({ request }) => request.outputTokens)}::bigint[],
      ${calls.map(({ request }) => request.price !== null)}::boolean[],
      ${of.model}::text[], ${calls.map(({ request }) => request.deployment)}::text[],
      ${of.session}::text[], ${of.agent}::text[], ${of.tags}::text[]) as held
  `.execute(db);
  return rows[0]?.held ?? false;
}

/** M2. Books what expired holdings held as spent, marked unknown; at most `max`, and says how many. */
export async function forfeitDue(
  db: Executor,
  orgIds: readonly OrganizationId[],
  max: number,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select ledger_forfeit(${orgIds}::uuid[], ${max}::int) as count
  `.execute(db);
  return rows[0]?.count ?? 0;
}

/** For the job, which sees no tenant's rows: whose holdings have expired. */
export const holdingsDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(expires_at) - app_now()) * 1000 from holding`;

export async function findOrgsWithLost(dispatch: Db): Promise<OrganizationId[]> {
  const { rows } = await sql<{ orgId: OrganizationId }>`
    select distinct org_id as "orgId" from holding where expires_at <= app_now() limit 1000
  `.execute(dispatch);
  return rows.map(({ orgId }) => orgId);
}

/** No more shares of a budget for so long; what is in those that are out. */
export async function recallBudget(
  db: Executor,
  of: { readonly orgId: OrganizationId; readonly budgetId: string; readonly pauseMs: number },
): Promise<bigint> {
  const { rows } = await sql<{ amount: bigint }>`
    select ledger_recall_budget(${of.orgId}::uuid, ${of.budgetId}::bigint, ${of.pauseMs}::bigint) as amount
  `.execute(db);
  return rows[0]?.amount ?? 0n;
}
