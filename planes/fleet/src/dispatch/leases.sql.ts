import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, RunId, WorkerId, WorkerState } from '@sagewai/wire';

import type { Line } from '../matching/subqueue.ts';
import type { OutcomeStatus, Report, Reported } from '../runs/run.ts';

export interface ReportAnswer {
  readonly how: Reported;
  /** Null unless this report has changed something. */
  readonly sq: number | null;
  readonly status: OutcomeStatus | null;
  /** From the claim to now. */
  readonly seconds: number | null;
}

/**
 * Ends runs, each only if the reporter has its lease (F1). At most one report a run in one call.
 *
 * A statement that has waited for another to end a run does not see that it did, one that comes after
 * does: whether what is lost was in truth repeated is asked again.
 */
export async function reportRuns(
  db: Executor,
  reports: readonly Report[],
  backoffMs: number,
): Promise<ReportAnswer[]> {
  const answers = await report(db, reports, backoffMs);
  const lost = reports.filter((_, at) => answers[at]?.how === 'lost');
  if (lost.length === 0) return answers;
  const again = await report(db, lost, backoffMs);
  const answerOf = new Map(lost.map((one, at) => [one, again[at]]));
  return answers.map((answer, at) => answerOf.get(reports[at] as Report) ?? answer);
}

async function report(
  db: Executor,
  reports: readonly Report[],
  backoffMs: number,
): Promise<ReportAnswer[]> {
  const { rows } = await sql<ReportAnswer & { n: bigint }>`
    select n, how, sq, status, seconds from fleet_report(
      ${reports.map((report) => report.runId)}::uuid[],
      ${reports.map((report) => report.orgId)}::uuid[],
      ${reports.map((report) => report.workerNum)}::integer[],
      ${reports.map((report) => report.sessionEpoch)}::bigint[],
      ${reports.map((report) => report.epoch)}::bigint[],
      ${reports.map((report) => report.status)}::text[],
      ${reports.map((report) => report.output)}::text[],
      ${reports.map((report) => report.error)}::text[],
      ${reports.map((report) => report.retry)}::boolean[],
      ${backoffMs},
      ${reports.map((report) => report.errorClass)}::text[],
      ${reports.map((report) => report.deadLetter)}::boolean[]
    ) order by n
  `.execute(db);
  return rows.map(({ how, sq, status, seconds }) => ({ how, sq, status, seconds }));
}

/** Names one lease for ever: epochs come from one sequence. */
export interface LeaseName {
  readonly runId: RunId;
  readonly epoch: bigint;
}

export interface TakenBack extends Line {
  readonly runId: RunId;
  /** `put_off`: its retry policy lets it wait before it is queued again. */
  readonly how: 'requeued' | 'put_off' | 'failed' | 'cancelled';
}

/**
 * Takes these leases away, each only if it is still the one that was seen (F1). `counts`: whether the
 * attempt counts. `why` is the beginning of the error of a run that has had all its attempts, `errorClass`
 * what its retry policy decides by.
 */
export async function takeBack(
  db: Executor,
  leases: readonly LeaseName[],
  {
    why,
    counts,
    errorClass = 'worker_lost',
  }: {
    readonly why: string;
    readonly counts: boolean;
    readonly errorClass?: 'worker_lost' | 'timeout';
  },
): Promise<TakenBack[]> {
  if (leases.length === 0) return [];
  const { rows } = await sql<TakenBack>`
    select run_id as "runId", sq, prio, how from fleet_take_back(
      ${leases.map((lease) => lease.runId)}::uuid[],
      ${leases.map((lease) => lease.epoch)}::bigint[],
      ${why}, ${counts}, ${errorClass}
    )
  `.execute(db);
  return rows;
}

export interface Orphan extends LeaseName {
  /** `deaf`: it was told to stop, and did not. */
  readonly why: 'replaced' | 'revoked' | 'silent' | 'deaf';
}

/** Leases that nobody works on any more. Silence before `upSince` does not count. */
export async function findOrphans(
  db: Executor,
  of: {
    readonly silenceMs: number;
    readonly cancelGraceMs: number;
    readonly upSince: Date;
    readonly limit: number;
  },
): Promise<Orphan[]> {
  const { rows } = await sql<Orphan>`
    select run_id as "runId", epoch, why
    from fleet_orphans(${of.silenceMs}, ${of.cancelGraceMs}, ${of.upSince}, ${of.limit})
  `.execute(db);
  return rows;
}

/** Leases of attempts that take longer than their run allows. */
export async function findOverdue(db: Executor, limit: number): Promise<LeaseName[]> {
  const { rows } = await sql<LeaseName>`
    select run_id as "runId", epoch from fleet_overdue(${limit})
  `.execute(db);
  return rows;
}

/** Leases of a worker that are not of its current session, or all when it has none that counts. */
export async function findLeasesOf(
  db: Executor,
  workerNum: number,
  exceptSession: bigint | null,
): Promise<LeaseName[]> {
  const { rows } = await sql<LeaseName>`
    select run_id as "runId", epoch from lease
    where worker_num = ${workerNum} and session_epoch is distinct from ${exceptSession}::bigint
    order by run_id
  `.execute(db);
  return rows;
}

/** For each, whether it is held and nobody has asked to cancel it. */
export async function areAlive(db: Executor, leases: readonly LeaseName[]): Promise<boolean[]> {
  const { rows } = await sql<{ alive: boolean }>`
    select exists (
      select from lease l
      where l.run_id = g.run_id and l.epoch = g.epoch and l.cancel_requested_at is null
    ) as alive
    from unnest(
      ${leases.map((lease) => lease.runId)}::uuid[], ${leases.map((lease) => lease.epoch)}::bigint[]
    ) with ordinality as g(run_id, epoch, n)
    order by g.n
  `.execute(db);
  return rows.map(({ alive }) => alive);
}

/** Whether this session of this worker has the lease, and nobody has asked to cancel it (F1). */
export async function holdsLease(
  db: Executor,
  lease: LeaseName & { readonly workerNum: number; readonly sessionEpoch: bigint },
): Promise<boolean> {
  const { rowCount } = await sql`
    select from lease
    where run_id = ${lease.runId} and epoch = ${lease.epoch} and worker_num = ${lease.workerNum}
      and session_epoch = ${lease.sessionEpoch} and cancel_requested_at is null
  `.execute(db);
  return rowCount === 1;
}

export interface Heartbeat {
  readonly workerNum: number;
  readonly sessionEpoch: bigint;
  /** Everything that it holds; null: it did not say. */
  readonly runs: readonly LeaseName[] | null;
}

export interface HeartbeatAnswer {
  /** False: a newer session has replaced this one. */
  readonly lives: boolean;
  readonly state: WorkerState | null;
  readonly cancel: RunId[];
  readonly lost: RunId[];
  /** Leases that it does not know of. */
  readonly unheld: LeaseName[];
}

type HeartbeatRow = Omit<HeartbeatAnswer, 'unheld'> & {
  readonly unheld: RunId[] | null;
  readonly unheldEpochs: bigint[] | null;
};

/** Signs of life of many workers; one call a session in one batch. */
export async function beat(
  db: Executor,
  heartbeats: readonly Heartbeat[],
  unheldGraceMs: number,
): Promise<HeartbeatAnswer[]> {
  const held = heartbeats.flatMap(({ runs }, at) =>
    (runs ?? []).map((lease) => ({ ...lease, n: at + 1 })),
  );
  const { rows } = await sql<HeartbeatRow>`
    select lives, state, cancel, lost, unheld, unheld_epochs as "unheldEpochs" from fleet_heartbeat(
      ${heartbeats.map((one) => one.workerNum)}::integer[],
      ${heartbeats.map((one) => one.sessionEpoch)}::bigint[],
      ${heartbeats.map((one) => one.runs !== null)}::boolean[],
      ${held.map(({ n }) => n)}::integer[],
      ${held.map(({ runId }) => runId)}::uuid[],
      ${held.map(({ epoch }) => epoch)}::bigint[],
      ${unheldGraceMs}
    ) order by n
  `.execute(db);
  return rows.map(({ unheld, unheldEpochs, ...answer }) => ({
    ...answer,
    unheld: (unheld ?? []).map((runId, at) => ({ runId, epoch: unheldEpochs?.[at] ?? 0n })),
  }));
}

/** Says that the supervisor lives; returns since when the server has been there without a gap. */
export async function beatPulse(db: Executor, gapMs: number): Promise<Date> {
  const { rows } = await sql<{ upSince: Date }>`
    select fleet_pulse_beat(${gapMs}) as "upSince"
  `.execute(db);
  const [pulse] = rows;
  if (pulse === undefined) throw new Error('the pulse did not beat');
  return pulse.upSince;
}

/** A new session of a worker; null when it was rejected or revoked. */
export async function openSession(
  tx: Executor,
  worker: { readonly id: WorkerId; readonly orgId: OrganizationId },
): Promise<bigint | null> {
  const { rows } = await sql<{ epoch: bigint | null }>`
    select fleet_open_session(${worker.id}, ${worker.orgId}) as epoch
  `.execute(tx);
  return rows[0]?.epoch ?? null;
}
