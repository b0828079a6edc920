import { type Db, type Executor, sql, type Statement } from '@sagewai/postgres';
import { canonicalModel, type OrganizationId } from '@sagewai/wire';

import type { Measure, Period, ScopeKind } from './budget.ts';
import type { CallRequest, Refusal, Reservation, Settled, Settlement } from './call.ts';
import { fixedCost } from './check-call.ts';
import { notingRoutes } from './routing-decisions.sql.ts';
import { writeTags } from './write-tags.ts';

interface ReservedRow {
  readonly id: string;
  readonly output_tokens: bigint | null;
  readonly amount_pusd: bigint | null;
  readonly measure: Measure;
  readonly period: Period;
  readonly scope_kind: ScopeKind;
  readonly scope_id: string;
  readonly limit_amount: bigint;
  readonly used: bigint;
  readonly retry_after_ms: bigint | null;
  readonly budget_id: bigint | null;
  readonly in_shares: bigint | null;
}

/** A refusal also tells whose budget row it was, and how much of it is in shares. */
export type Decision =
  | Exclude<Reservation, Refusal>
  | (Refusal & { readonly budgetId: string; readonly inShares: bigint });

/** Decides all of them in their order, in one statement and one commit. The ids are all different. */
export async function reserveAll(
  db: Executor,
  requests: readonly CallRequest[],
): Promise<Decision[]> {
  const { rows } = await sql<ReservedRow>`
    select * from ledger_reserve(
      ${organizationsOf(requests)}::uuid[],
      ${requests.map(({ id }) => id)}::uuid[],
      ${requests.map(({ orgId }) => orgId)}::uuid[],
      ${requests.map(({ projectId }) => projectId)}::uuid[],
      ${requests.map(({ keyId }) => keyId ?? null)}::uuid[],
      ${requests.map(({ teamId }) => teamId ?? null)}::text[],
      ${requests.map(({ personId }) => personId ?? null)}::text[],
      ${requests.map(({ runId }) => runId ?? null)}::uuid[],
      ${requests.map(({ workerId }) => workerId ?? null)}::uuid[],
      ${requests.map(({ model }) => model)}::text[],
      ${requests.map(({ deployment }) => deployment)}::text[],
      ${requests.map(({ sessionId }) => sessionId ?? null)}::text[],
      ${requests.map(({ agent }) => agent ?? null)}::text[],
      ${requests.map(({ tags }) => writeTags(tags))}::text[],
      ${requests.map(fixedCost)}::bigint[],
      ${requests.map(({ price }) => price?.output ?? 0n)}::bigint[],
      ${requests.map(({ inputTokensMax }) => inputTokensMax)}::bigint[],
      ${requests.map(({ outputTokens }) => outputTokens)}::bigint[],
      ${requests.map(({ price }) => price !== null)}::boolean[],
      ${requests.map(({ mayCap }) => mayCap)}::boolean[],
      ${requests.map(({ expiresInMs }) => Math.ceil(expiresInMs))}::bigint[],
      ${requests.map(({ contextIds }) => contextIds?.join(' ') ?? null)}::text[],
      ${requests.map(({ model }) => canonicalModel(model))}::text[],
      ${requests.map(({ endUser }) => endUser ?? null)}::text[])
  `.execute(db);
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return requests.map((request) => reservationOf(request, rowOf.get(request.id)));
}

function reservationOf(request: CallRequest, row: ReservedRow | undefined): Decision {
  if (!row) throw new Error(`no decision about call ${request.id}`);
  if (row.output_tokens !== null) {
    const outputTokens = Number(row.output_tokens);
    return {
      kind: 'reserved',
      outputTokens,
      outputTokensCap: outputTokens < request.outputTokens ? outputTokens : null,
      amountPusd: row.amount_pusd ?? 0n,
    };
  }
  return {
    kind: 'refused',
    because: row.measure,
    period: row.period,
    scope: { kind: row.scope_kind, id: row.scope_id },
    limit: row.limit_amount,
    used: row.used,
    retryAfterMs: row.retry_after_ms === null ? null : Number(row.retry_after_ms),
    budgetId: String(row.budget_id),
    inShares: row.in_shares ?? 0n,
  };
}

interface SettledRow {
  readonly id: string;
  readonly cost_pusd: bigint;
  readonly overrun_pusd: bigint;
  readonly overrun_tokens: bigint;
}

/** Books all of them in one statement and one commit; safe to repeat. */
export async function settleAll(
  db: Executor,
  settlements: readonly Settlement[],
): Promise<Settled[]> {
  const booking = sql<SettledRow>`
    select * from ledger_settle(
      ${organizationsOf(settlements)}::uuid[],
      ${settlements.map(({ id }) => id)}::uuid[],
      ${settlements.map(({ orgId }) => orgId)}::uuid[],
      ${settlements.map(({ costPusd }) => costPusd ?? 0n)}::bigint[],
      ${settlements.map(({ inputTokens }) => inputTokens)}::bigint[],
      ${settlements.map(({ cachedInputTokens }) => cachedInputTokens ?? 0)}::bigint[],
      ${settlements.map(({ cacheWriteTokens }) => cacheWriteTokens ?? 0)}::bigint[],
      ${settlements.map(({ outputTokens }) => outputTokens)}::bigint[],
      ${settlements.map(({ costPusd }) => costPusd !== null)}::boolean[],
      ${settlements.map(({ usageSource }) => usageSource)}::text[],
      ${settlements.map(({ status }) => status)}::text[],
      ${settlements.map(({ deployment }) => deployment ?? null)}::text[],
      ${settlements.map(({ provider }) => provider ?? null)}::text[])
  `;
  const { rows } = await notingRoutes(booking, settlements).execute(db);
  const rowOf = new Map(rows.map((row) => [row.id, row]));
  return settlements.map(({ id }) => {
    const row = rowOf.get(id);
    if (!row) return { kind: 'unknown' };
    return {
      kind: 'settled',
      costPusd: row.cost_pusd,
      overrunPusd: row.overrun_pusd,
      overrunTokens: Number(row.overrun_tokens),
    };
  });
}

/** M2. Books what has expired as spent in full, marked unknown; at most `max`, and says how many. */
export async function expireDue(
  db: Executor,
  orgIds: readonly OrganizationId[],
  max: number,
): Promise<number> {
  const { rows } = await sql<{ count: number }>`
    select ledger_expire(${orgIds}::uuid[], ${max}::int) as count
  `.execute(db);
  return rows[0]?.count ?? 0;
}

/** For the job, which sees no tenant's rows: whose reservations have expired. */
export const reservationsDue = (): Statement<unknown> =>
  sql`select extract(epoch from min(expires_at) - app_now()) * 1000 from reservation`;

export async function findOrgsWithExpired(dispatch: Db): Promise<OrganizationId[]> {
  const { rows } = await sql<{ orgId: OrganizationId }>`
    select distinct org_id as "orgId" from reservation where expires_at <= app_now() limit 1000
  `.execute(dispatch);
  return rows.map(({ orgId }) => orgId);
}

const organizationsOf = (items: readonly { orgId: OrganizationId }[]): OrganizationId[] => [
  ...new Set(items.map(({ orgId }) => orgId)),
];
