import { type Executor, sql } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { Mark } from '../runs/run-watch.ts';
import type { Appended, EventBatch, EventLimits, RunEvent } from './run-event.ts';

/** Appends what runs say, each batch only under its lease (F1). At most one batch a run in one call. */
export async function appendEvents(
  db: Executor,
  batches: readonly EventBatch[],
  limits: EventLimits,
): Promise<Appended[]> {
  const events = batches.flatMap((batch) => batch.events);
  const { rows } = await sql<Appended & { n: bigint }>`
    select n, how, kept, left_out as "leftOut", next from fleet_append_events(
      ${batches.map((batch) => batch.runId)}::uuid[],
      ${batches.map((batch) => batch.orgId)}::uuid[],
      ${batches.map((batch) => batch.workerNum)}::integer[],
      ${batches.map((batch) => batch.sessionEpoch)}::bigint[],
      ${batches.map((batch) => batch.epoch)}::bigint[],
      ${batches.map((batch) => batch.first)}::bigint[],
      ${batches.map((batch) => batch.events.length)}::integer[],
      ${events.map((event) => event.kind)}::text[],
      ${events.map((event) => event.level)}::text[],
      ${events.map((event) => event.text)}::text[],
      ${events.map((event) => event.fraction)}::double precision[],
      ${events.map((event) => event.data)}::text[],
      ${limits.perSecond}, ${limits.atOnce}, ${limits.perRun}, ${limits.bytesPerRun}
    ) order by n
  `.execute(db);
  return rows.map(({ how, kept, leftOut, next }) => ({ how, kept, leftOut, next }));
}

/** What the run has said after a number, in order. */
export async function readEvents(
  tx: Executor,
  of: { readonly runId: RunId; readonly after: bigint; readonly limit: number },
): Promise<RunEvent[]> {
  const { rows } = await sql<RunEvent>`
    select seq, at, attempt, kind, level, text, fraction, data, left_out as "leftOut"
    from run_event where run_id = ${of.runId} and seq > ${of.after}
    order by seq limit ${of.limit}
  `.execute(tx);
  return rows;
}

export interface SaidSoFar {
  readonly runId: RunId;
  readonly seq: bigint;
  readonly leftOut: bigint;
  readonly fraction: number | null;
  readonly message: string | null;
  /** Since when it has said nothing. */
  readonly lastAt: Date;
}

/** Of the runs that have said something. */
export async function readHeads(tx: Executor, runIds: readonly RunId[]): Promise<SaidSoFar[]> {
  const { rows } = await sql<SaidSoFar>`
    select run_id as "runId", seq, left_out as "leftOut", fraction, message, last_at as "lastAt"
    from run_event_head where run_id = any(${[...runIds]}::uuid[])
  `.execute(tx);
  return rows;
}

/** How far each of these runs has got, as `markOf` writes it; unknown ones are left out. */
export async function readMarks(tx: Executor, runIds: readonly RunId[]): Promise<Mark[]> {
  const { rows } = await sql<Mark>`
    select r.run_id as "runId",
           coalesce(h.seq, 0) || case when o.run_id is null then '' else ' end' end as mark
    from run r
    left join run_event_head h on h.run_id = r.run_id
    left join outcome o on o.run_id = r.run_id
    where r.run_id = any(${[...runIds]}::uuid[])
  `.execute(tx);
  return rows;
}

/** Makes the days ahead, and drops those that are over; only the dispatch role may. */
export async function rotateEventDays(
  dispatch: Executor,
  of: { readonly ahead: number; readonly keep: number },
): Promise<number> {
  const { rows } = await sql<{ dropped: number }>`
    select fleet_rotate_event_days(${of.ahead}, ${of.keep}) as dropped
  `.execute(dispatch);
  return rows[0]?.dropped ?? 0;
}

/** Forgets, in the transaction's organizations, the heads whose events are all gone. */
export async function forgetHeads(tx: Executor, keepDays: number): Promise<void> {
  await sql`
    delete from run_event_head where last_at < app_now() - ${keepDays + 1} * interval '1 day'
  `.execute(tx);
}
