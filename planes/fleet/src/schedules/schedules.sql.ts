import { type Executor, sql, type Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { Submission } from '../runs/submissions.ts';

export type Overlap =
  | 'allow'
  | 'skip'
  | 'queue_one'
  | 'cancel_running'
  | 'cancel_oldest'
  | 'refuse_new';

export interface ScheduleOptions {
  readonly cron: string;
  readonly timeZone: string;
  readonly submission: Submission;
  readonly catchUp: 'none' | 'latest' | 'all';
  readonly catchUpMax: number;
  readonly overlap: Overlap;
  /** With `skip`, `cancel_oldest` and `refuse_new`. */
  readonly overlapMax: number;
  readonly jitterMs: number;
  readonly paused: boolean;
}

export interface Schedule extends ScheduleOptions {
  readonly id: string;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  /** The next; null: it is paused, or never comes again. */
  readonly plannedAt: Date | null;
  readonly heldAt: Date | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  /** Its payload as an encrypted content; null: the submission has it. */
  readonly sealed: string | null;
  /** The trigger that it belongs to, and that submits its runs; null: it is nobody's. */
  readonly triggerId: string | null;
}

export type Firing = 'submitted' | 'skipped' | 'missed' | 'held' | 'refused';

const COLUMNS = sql`
  s.id, s.org_id as "orgId", s.project_id as "projectId", s.name, s.cron, s.time_zone as "timeZone",
  s.submission, s.catch_up as "catchUp", s.catch_up_max as "catchUpMax", s.overlap,
  s.overlap_max as "overlapMax",
  s.jitter_ms as "jitterMs", s.paused, s.planned_at as "plannedAt", s.held_at as "heldAt",
  s.created_by as "createdBy", s.created_at as "createdAt", s.payload as sealed,
  s.trigger_id as "triggerId"
`;

/** False: the project has one of that name. */
export async function insertSchedule(
  tx: Tx,
  schedule: Omit<Schedule, 'createdAt'>,
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into schedule (id, org_id, project_id, name, cron, time_zone, submission, catch_up, catch_up_max,
                          overlap, jitter_ms, paused, planned_at, created_by, created_at, payload, overlap_max,
                          trigger_id)
    values (${schedule.id}, ${schedule.orgId}, ${schedule.projectId}, ${schedule.name}, ${schedule.cron},
            ${schedule.timeZone}, ${JSON.stringify(schedule.submission)}::json, ${schedule.catchUp},
            ${schedule.catchUpMax}, ${schedule.overlap}, ${schedule.jitterMs}, ${schedule.paused},
            ${schedule.plannedAt}, ${schedule.createdBy}, app_now(), ${jsonOf(schedule.sealed)}::json,
            ${schedule.overlapMax}, ${schedule.triggerId})
    on conflict on constraint a_schedule_has_a_name_of_its_own do nothing
  `.execute(tx);
  if (rowCount === 1) await setDue(tx, schedule, schedule.plannedAt);
  return rowCount === 1;
}

export async function updateSchedule(tx: Tx, schedule: Schedule): Promise<void> {
  await sql`
    update schedule set name = ${schedule.name}, cron = ${schedule.cron}, time_zone = ${schedule.timeZone},
      submission = ${JSON.stringify(schedule.submission)}::json, catch_up = ${schedule.catchUp},
      catch_up_max = ${schedule.catchUpMax}, overlap = ${schedule.overlap},
      jitter_ms = ${schedule.jitterMs}, paused = ${schedule.paused}, planned_at = ${schedule.plannedAt},
      payload = ${jsonOf(schedule.sealed)}::json, overlap_max = ${schedule.overlapMax}
    where id = ${schedule.id}
  `.execute(tx);
  await setDue(tx, schedule, schedule.plannedAt);
}

const jsonOf = (sealed: string | null): string | null =>
  sealed === null ? null : JSON.stringify(sealed);

/** Schedules whose payload stands under the key (null: in clear), locked; in the order of their ids. */
export async function findSchedulesToSeal(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly keyId: string | null;
    readonly after: string;
    readonly limit: number;
  },
): Promise<Schedule[]> {
  const { rows } = await sql<Schedule>`
    select ${COLUMNS} from schedule s
    where s.org_id = ${of.orgId} and content_key(s.payload::text) is not distinct from ${of.keyId}::uuid
      and s.id::text > ${of.after}
    order by s.id::text limit ${of.limit} for update
  `.execute(tx);
  return rows;
}

/** The same payload under another key. */
export async function putPayload(
  tx: Tx,
  { id, submission, sealed }: Pick<Schedule, 'id' | 'submission' | 'sealed'>,
): Promise<void> {
  await sql`
    update schedule set submission = ${JSON.stringify(submission)}::json, payload = ${jsonOf(sealed)}::json
    where id = ${id}
  `.execute(tx);
}

/** After its instants were dealt with. */
export async function planNext(
  tx: Tx,
  schedule: Pick<Schedule, 'id' | 'orgId'>,
  next: {
    readonly plannedAt: Date | null;
    readonly heldAt: Date | null;
    readonly dueAt: Date | null;
  },
): Promise<void> {
  await sql`
    update schedule set planned_at = ${next.plannedAt}, held_at = ${next.heldAt} where id = ${schedule.id}
  `.execute(tx);
  await setDue(tx, schedule, next.dueAt);
}

async function setDue(
  tx: Tx,
  { id, orgId }: Pick<Schedule, 'id' | 'orgId'>,
  dueAt: Date | null,
): Promise<void> {
  if (dueAt === null) {
    await sql`delete from schedule_due where schedule_id = ${id}`.execute(tx);
    return;
  }
  await sql`
    insert into schedule_due (schedule_id, org_id, due_at) values (${id}, ${orgId}, ${dueAt})
    on conflict (schedule_id) do update set due_at = excluded.due_at
  `.execute(tx);
}

export async function deleteSchedule(tx: Tx, id: string): Promise<void> {
  await sql`delete from schedule_due where schedule_id = ${id}`.execute(tx);
  await sql`delete from schedule where id = ${id}`.execute(tx);
}

/** Of the organization, or of one project. */
export async function listSchedules(
  tx: Executor,
  orgId: OrganizationId,
  projectId: ProjectId | null,
): Promise<Schedule[]> {
  const { rows } = await sql<Schedule>`
    select ${COLUMNS} from schedule s
    where s.org_id = ${orgId} and (${projectId}::uuid is null or s.project_id = ${projectId}::uuid)
    order by s.name, s.id
  `.execute(tx);
  return rows;
}

/** By its id, or by its name in the project. */
export async function findSchedule(
  tx: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly projectId: ProjectId | null;
    readonly named: string;
  },
): Promise<Schedule | null> {
  const { rows } = await sql<Schedule>`
    select ${COLUMNS} from schedule s
    where s.org_id = ${of.orgId}
      and (s.id::text = ${of.named} or (s.name = ${of.named} and s.project_id = ${of.projectId}::uuid))
    order by s.id::text = ${of.named} desc limit 1
  `.execute(tx);
  return rows[0] ?? null;
}

/** Schedules with an instant that has passed; the dispatch role sees those of all organizations. */
export async function listDueSchedules(
  dispatch: Executor,
  limit: number,
): Promise<{ readonly id: string; readonly orgId: OrganizationId }[]> {
  const { rows } = await sql<{ id: string; orgId: OrganizationId }>`
    select schedule_id as id, org_id as "orgId" from schedule_due where due_at <= app_now()
    order by due_at limit ${limit}
  `.execute(dispatch);
  return rows;
}

/** Null: another replica is at it, or it is gone. */
export async function lockSchedule(
  tx: Tx,
  id: string,
): Promise<{ readonly schedule: Schedule; readonly now: Date } | null> {
  const { rows } = await sql<Schedule & { now: Date }>`
    select ${COLUMNS}, app_now() as now from schedule s where s.id = ${id} for update skip locked
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  const { now, ...schedule } = row;
  return { schedule, now };
}

/** S1. False: this instant has fired. */
export async function insertFiring(
  tx: Tx,
  firing: {
    readonly schedule: Pick<Schedule, 'id' | 'orgId'>;
    readonly at: Date;
    readonly how: Firing;
    readonly runId?: RunId;
    readonly error?: string;
  },
): Promise<boolean> {
  const { schedule, at, how, runId = null, error = null } = firing;
  const { rowCount } = await sql`
    insert into firing (schedule_id, planned_at, org_id, how, run_id, error, fired_at)
    values (${schedule.id}, ${at}, ${schedule.orgId}, ${how}, ${runId}, ${error}, app_now())
    on conflict do nothing
  `.execute(tx);
  return rowCount === 1;
}

/** S1. A held instant is let go once. */
export async function releaseFiring(
  tx: Tx,
  firing: {
    readonly scheduleId: string;
    readonly at: Date;
    readonly how: 'submitted' | 'refused';
    readonly runId: RunId | null;
    readonly error: string | null;
  },
): Promise<boolean> {
  const { scheduleId, at, how, runId, error } = firing;
  const { rowCount } = await sql`
    update firing set how = ${how}, run_id = ${runId}, error = ${error}, fired_at = app_now()
    where schedule_id = ${scheduleId} and planned_at = ${at} and how = 'held'
  `.execute(tx);
  return rowCount === 1;
}

export interface FiringRow {
  readonly plannedAt: Date;
  readonly firedAt: Date;
  readonly how: Firing;
  readonly runId: RunId | null;
  readonly error: string | null;
}

export async function listFirings(tx: Executor, id: string, limit: number): Promise<FiringRow[]> {
  const { rows } = await sql<FiringRow>`
    select planned_at as "plannedAt", fired_at as "firedAt", how, run_id as "runId", error
    from firing where schedule_id = ${id} order by planned_at desc limit ${limit}
  `.execute(tx);
  return rows;
}

/** Its runs that are not over, the oldest first. */
export async function listActiveRuns(tx: Executor, id: string): Promise<RunId[]> {
  const { rows } = await sql<{ runId: RunId }>`
    select f.run_id as "runId" from firing f
    where f.schedule_id = ${id} and f.run_id is not null
      and exists (select from run r where r.run_id = f.run_id)
      and not exists (select from outcome o where o.run_id = f.run_id)
    order by f.planned_at
  `.execute(tx);
  return rows.map(({ runId }) => runId);
}

/** Forgets firings of the transaction's organizations, but none whose run is not over. */
export async function forgetFirings(tx: Executor, afterMs: number): Promise<void> {
  await sql`
    delete from firing f
    where f.fired_at < app_now() - ${afterMs} * interval '1 millisecond' and f.how <> 'held'
      and (f.run_id is null or exists (select from outcome o where o.run_id = f.run_id)
           or not exists (select from run r where r.run_id = f.run_id))
  `.execute(tx);
}
