import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

/** What stands in the rows of one run. */
export interface StoredContent {
  readonly runId: RunId;
  readonly projectId: ProjectId;
  /** JSON text. */
  readonly payload: string | null;
  readonly output: string | null;
  /** Text. */
  readonly error: string | null;
}

/** Of runs whose payload stands under the key. The outcome is another row, under perhaps another key. */
export async function findPayloadsUnder(
  tx: Executor,
  keyId: string,
  limit: number,
): Promise<StoredContent[]> {
  const { rows } = await sql<StoredContent>`
    select run_id as "runId", project_id as "projectId", payload::text, null as output, null as error
    from run
    where content_key(payload::text) is not null and content_key(payload::text) = ${keyId}::uuid
    order by run_id limit ${limit}
  `.execute(tx);
  return rows;
}

export async function findOutcomesUnder(
  tx: Executor,
  keyId: string,
  limit: number,
): Promise<StoredContent[]> {
  const { rows } = await sql<StoredContent>`
    select run_id as "runId", project_id as "projectId", null as payload, output::text, error
    from outcome
    where coalesce(content_key(output::text), content_key(error)) is not null
      and coalesce(content_key(output::text), content_key(error)) = ${keyId}::uuid
    order by run_id limit ${limit}
  `.execute(tx);
  return rows;
}

export interface SweptPage {
  /** The last run that was looked at; null: there was none. */
  readonly last: RunId | null;
  /** What stands in clear of what was looked at. */
  readonly contents: StoredContent[];
}

/** The next runs of an organization after `after`, as many as `limit`. */
export async function readPageInClear(
  tx: Executor,
  of: { readonly orgId: OrganizationId; readonly after: string; readonly limit: number },
): Promise<SweptPage> {
  const { rows } = await sql<StoredContent & { clear: boolean }>`
    with page as (
      select run_id from run where org_id = ${of.orgId} and run_id > ${of.after}::uuid
      order by run_id limit ${of.limit}
    )
    select r.run_id as "runId", r.project_id as "projectId",
           case when content_key(r.payload::text) is null then r.payload::text end as payload,
           case when content_key(o.output::text) is null then o.output::text end as output,
           case when content_key(o.error) is null then o.error end as error,
           content_key(r.payload::text) is null
             or coalesce(o.output::text, o.error) is not null
                and coalesce(content_key(o.output::text), content_key(o.error)) is null as clear
    from page join run r on r.run_id = page.run_id left join outcome o on o.run_id = r.run_id
    order by r.run_id
  `.execute(tx);
  return { last: rows.at(-1)?.runId ?? null, contents: rows.filter(({ clear }) => clear) };
}

export interface Rewriting {
  readonly from: StoredContent;
  readonly to: StoredContent;
}

/** Puts the same contents under another key; only where they are still what was read. */
export async function rewriteContents(
  tx: Executor,
  rewritings: readonly Rewriting[],
): Promise<number> {
  if (rewritings.length === 0) return 0;
  const { rows } = await sql<{ rewritten: number }>`
    select fleet_rewrite_contents(
      ${rewritings.map(({ from }) => from.runId)}::uuid[],
      ${rewritings.map(({ from }) => from.payload)}::text[],
      ${rewritings.map(({ to }) => to.payload)}::text[],
      ${rewritings.map(({ from }) => from.output)}::text[],
      ${rewritings.map(({ to }) => to.output)}::text[],
      ${rewritings.map(({ from }) => from.error)}::text[],
      ${rewritings.map(({ to }) => to.error)}::text[]
    ) as rewritten
  `.execute(tx);
  return rows[0]?.rewritten ?? 0;
}

export interface KeyWork {
  readonly orgId: OrganizationId;
  /** What was stored in clear is encrypted up to this run; null: there is nothing to do. */
  readonly sweptTo: string | null;
}

/** Organizations whose contents are to be encrypted, or moved to another key. A sweep begins when no replica stores anything in clear any more. */
export async function findKeyWork(dispatch: Executor, graceMs: number): Promise<KeyWork[]> {
  const { rows } = await sql<KeyWork>`
    select org_id as "orgId",
           case when enabled_at < app_now() - ${graceMs} * interval '1 millisecond'
                then swept_to::text end as "sweptTo"
    from payload_encryption
    where retiring or (swept_to is not null and enabled_at < app_now() - ${graceMs} * interval '1 millisecond')
    order by org_id
  `.execute(dispatch);
  return rows;
}

export async function recordSweep(
  tx: Tx,
  orgId: OrganizationId,
  sweptTo: string | null,
): Promise<void> {
  await sql`
    update payload_encryption set swept_to = ${sweptTo}::uuid where org_id = ${orgId}
  `.execute(tx);
}

/** Keys of the organization that are to be retired, the oldest first. */
export async function findRetiringKeys(tx: Executor, orgId: OrganizationId): Promise<string[]> {
  const { rows } = await sql<{ id: string }>`
    select id from project_key
    where org_id = ${orgId} and retiring_at is not null and retired_at is null order by retiring_at, id
  `.execute(tx);
  return rows.map(({ id }) => id);
}

/** Notes whether any key is left to be retired. */
export async function recordRetiring(tx: Tx, orgId: OrganizationId): Promise<void> {
  await sql`
    update payload_encryption e set retiring = exists (
      select from project_key k
      where k.org_id = e.org_id and k.retiring_at is not null and k.retired_at is null)
    where e.org_id = ${orgId}
  `.execute(tx);
}

/**
 * E2. Retires a key once nothing stands under it, and nobody can hold a key of a run that was derived from
 * it: every lease is younger than the moment when the last row had left it, and that moment is `graceMs`
 * ago, so that every replica has noticed and every statement of before has ended.
 */
export async function retireIfEmpty(tx: Tx, keyId: string, graceMs: number): Promise<boolean> {
  const { rows } = await sql<{ retired: boolean }>`
    select fleet_retire_key(${keyId}, ${graceMs}) as retired
  `.execute(tx);
  return rows[0]?.retired ?? false;
}
