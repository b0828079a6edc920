import { type Executor, sql, type Statement } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Settlement } from './call.ts';
import type { RoutingDecision, RoutingNote } from './routing-decision.ts';

/**
 * A statement that books calls, and keeps in the same commit how they found their way. Of most calls there
 * is nothing to keep, and the statement stays as it is.
 */
export function notingRoutes<Row>(
  booking: Statement<Row>,
  settlements: readonly Settlement[],
): Statement<Row> {
  const noted = settlements.flatMap(({ id, orgId, routing }) =>
    routing === undefined || routing === null ? [] : [{ id, orgId, ...routing }],
  );
  if (noted.length === 0) return booking;
  const of = <Value>(read: (note: RoutingNote) => Value): Value[] => noted.map(read);
  // What the second statement joins is there only once the first has been read to its end.
  return sql<Row>`
    with booked as materialized (${booking}), noted as materialized (
      select ledger_note_routing(
        ${noted.map(({ id }) => id)}::uuid[], ${noted.map(({ orgId }) => orgId)}::uuid[],
        ${of(({ fallbackIndex }) => fallbackIndex)}::int[],
        ${of(({ failedAttempts }) => failedAttempts)}::int[],
        ${of(({ traceId }) => traceId)}::text[], ${of(({ decision }) => decision)}::text[]) as calls
      from (select count(*) as rows from booked) after
    )
    select booked.* from booked cross join noted
  `;
}

export interface RoutingFilter {
  readonly orgId: OrganizationId;
  readonly id?: string | undefined;
  readonly projectId?: string | undefined;
  readonly keyId?: string | undefined;
  readonly runId?: string | undefined;
  readonly model?: string | undefined;
  readonly deployment?: string | undefined;
  readonly traceId?: string | undefined;
  /** Whether only calls that another model answered are asked for. */
  readonly fellBack?: boolean | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** Newest call first; `after` is the last id of the page before. */
export async function listRoutingDecisions(
  db: Executor,
  filter: RoutingFilter,
  page: { readonly after: string | undefined; readonly limit: number },
): Promise<RoutingDecision[]> {
  const conditions: Statement<unknown>[] = [sql`org_id = ${filter.orgId}`];
  const add = <Value>(value: Value | undefined, of: (value: Value) => Statement<unknown>): void => {
    if (value !== undefined) conditions.push(of(value));
  };
  add(filter.id, (id) => sql`id = ${id}::uuid`);
  add(filter.projectId, (id) => sql`project_id = ${id}::uuid`);
  add(filter.keyId, (id) => sql`key_id = ${id}::uuid`);
  add(filter.runId, (id) => sql`run_id = ${id}::uuid`);
  add(filter.model, (model) => sql`model = ${model}`);
  add(filter.deployment, (deployment) => sql`deployment = ${deployment}`);
  add(filter.traceId, (id) => sql`trace_id = ${id}`);
  add(filter.fellBack, (fell) => (fell ? sql`fallback_index > 0` : sql`fallback_index = 0`));
  add(filter.since, (at) => sql`at >= ${at}::timestamptz`);
  add(filter.until, (at) => sql`at < ${at}::timestamptz`);
  add(page.after, (id) => sql`id < ${id}::uuid`);
  const { rows } = await sql<RoutingDecision>`
    select id, org_id as "orgId", project_id as "projectId", key_id as "keyId", run_id as "runId", at,
           model, deployment, provider, fallback_index as "fallbackIndex",
           failed_attempts as "failedAttempts", trace_id as "traceId", decision::text as decision
    from routing_decision where ${sql.join(conditions, ' and ')}
    order by id desc
    limit ${page.limit}
  `.execute(db);
  return rows;
}
