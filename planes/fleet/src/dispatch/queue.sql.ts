import { type Executor, sql } from '@sagewai/postgres';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

import type { Held, LimitOf } from '../limits/limit.ts';
import type { Routing } from '../matching/match-class.ts';
import type { Line, Want } from '../matching/subqueue.ts';
import type { ClaimedRun, NewRun, Stored } from '../runs/run.ts';

/** Stores and queues runs in one transaction (F2); each answer stands in the place of its run. */
export async function submitRuns(db: Executor, runs: readonly NewRun[]): Promise<Stored[]> {
  const { rows } = await sql<{ n: bigint; runId: RunId; how: Stored['how'] }>`
    select n, run_id as "runId", how from fleet_submit(
      ${runs.map((run) => run.runId)}::uuid[],
      ${runs.map((run) => run.orgId)}::uuid[],
      ${runs.map((run) => run.projectId)}::uuid[],
      ${runs.map((run) => run.sq)}::integer[],
      ${runs.map((run) => run.prio)}::smallint[],
      ${runs.map((run) => run.model)}::text[],
      ${runs.map((run) => run.maxAttempts)}::smallint[],
      ${runs.map((run) => run.deadline)}::timestamptz[],
      ${runs.map((run) => run.payload)}::text[],
      ${runs.map((run) => run.actor)}::text[],
      ${runs.map((run) => run.idempotencyKey)}::text[],
      ${runs.map((run) => run.requestHash)}::text[],
      ${runs.map(({ plan }) => (plan === null ? null : JSON.stringify(plan)))}::text[],
      ${runs.map((run) => run.keyLimit)}::integer[]
    )
  `.execute(db);
  return rows.map(({ runId, how }) => ({ runId, how }));
}

/** A poll that waits, as a claim serves it. */
export interface PollDemand {
  readonly workerNum: number;
  readonly sessionEpoch: bigint;
  readonly pollId: string | null;
  readonly slots: number;
}

export interface ClaimRequest {
  readonly orgId: OrganizationId;
  readonly wants: readonly Want[];
  /** In serving order. */
  readonly polls: readonly PollDemand[];
  /** The worker of polls without slots: it is never given what it has lost. */
  readonly flatFor: number | null;
}

export interface ClaimAnswer extends ClaimedRun {
  /** The place of the poll that got it. */
  readonly poll: number;
  /** Its number in the queue; 0: the poll had been given it before (F6). */
  readonly seq: bigint;
}

/** A want of which a limit left less than was asked for (F7). */
export interface Cut extends Line {
  readonly limit: LimitOf;
  /** Null: there is room, but other wants had a claim to it. */
  readonly held: Held | null;
  /** For how long, where that is known. */
  readonly heldMs: number | null;
  /** How many it might have had. */
  readonly admitted: number;
}

export interface Claimed {
  readonly runs: ClaimAnswer[];
  readonly cuts: Cut[];
}

interface ClaimRow extends Omit<ClaimAnswer, 'poll' | 'runId'> {
  readonly n: bigint;
  readonly runId: RunId | null;
  readonly held: Held | null;
  readonly heldFor: LimitOf;
  readonly heldMs: number | null;
  readonly admitted: number | null;
}

/** Moves runs from the queue to leases, and hands back what a repeated poll was given before (F6). */
export async function claimRuns(db: Executor, request: ClaimRequest): Promise<ClaimAnswer[]> {
  return (await claimWithin(db, request)).runs;
}

/** As `claimRuns`, and tells what limits held back. */
export async function claimWithin(db: Executor, request: ClaimRequest): Promise<Claimed> {
  const { orgId, wants, polls, flatFor } = request;
  const { rows } = await sql<ClaimRow>`
    select n, run_id as "runId", epoch, sq, prio, seq, attempt, claimed_at as "claimedAt",
           project_id as "projectId", model, max_attempts as "maxAttempts", deadline_at as deadline,
           payload, resume, held, held_for as "heldFor", held_ms as "heldMs", admitted
    from fleet_claim(
      ${orgId},
      ${wants.map((want) => want.sq)}::integer[],
      ${wants.map((want) => want.prio)}::smallint[],
      ${wants.map((want) => want.count)}::integer[],
      ${wants.map((want) => want.floor)}::bigint[],
      ${polls.map((poll) => poll.workerNum)}::integer[],
      ${polls.map((poll) => poll.sessionEpoch)}::bigint[],
      ${polls.map((poll) => poll.pollId)}::uuid[],
      ${polls.map((poll) => poll.slots)}::integer[],
      ${flatFor !== null},
      ${flatFor}::integer
    )
  `.execute(db);
  const runs: ClaimAnswer[] = [];
  const cuts: Cut[] = [];
  for (const { n, runId, held, heldFor, heldMs, admitted, ...run } of rows) {
    if (runId !== null) runs.push({ ...run, runId, poll: Number(n) - 1 });
    else
      cuts.push({
        sq: run.sq,
        prio: run.prio,
        limit: heldFor,
        held,
        heldMs,
        admitted: admitted ?? 0,
      });
  }
  return { runs, cuts };
}

/** F6. For each of these polls, whether it was given runs before. */
export async function findGiven(db: Executor, polls: readonly PollDemand[]): Promise<boolean[]> {
  const { rows } = await sql<{ n: bigint }>`
    select n from fleet_given(
      ${polls.map((poll) => poll.workerNum)}::integer[],
      ${polls.map((poll) => poll.sessionEpoch)}::bigint[],
      ${polls.map((poll) => poll.pollId)}::uuid[]
    ) n
  `.execute(db);
  const given = new Set(rows.map(({ n }) => Number(n) - 1));
  return polls.map((_, at) => given.has(at));
}

/** A line that has something, and how long its head has waited. */
export interface WaitingLine extends Line {
  readonly waitedMs: number;
}

/** Every line that has something; the look that finds what a lost hint concealed. */
export async function findNonempty(db: Executor): Promise<WaitingLine[]> {
  const { rows } = await sql<WaitingLine>`
    select sq, prio, waited_ms as "waitedMs" from fleet_nonempty()
  `.execute(db);
  return rows;
}

export type Cancelled = 'cancelled' | 'requested' | 'ended';

export interface CancelledRun {
  readonly runId: RunId;
  readonly how: Cancelled;
  /** It was not asked for: it is under one that was. */
  readonly below: boolean;
}

/**
 * Cancels runs and all under them (C2). What the transaction's organizations do not have is left out.
 * Whoever asks ends with `recordBelow`.
 */
export async function cancelTrees(tx: Executor, runIds: readonly RunId[]): Promise<CancelledRun[]> {
  const { rows } = await sql<CancelledRun>`
    select run_id as "runId", how, below from fleet_cancel(${[...runIds]}::uuid[])
  `.execute(tx);
  return rows;
}

/** Null: the transaction's organization has no such run. */
export async function cancelRun(tx: Executor, runId: RunId): Promise<Cancelled | null> {
  const cancelled = await cancelTrees(tx, [runId]);
  return cancelled.find((one) => one.runId === runId)?.how ?? null;
}

export interface ExpiredRun {
  readonly runId: RunId;
  readonly sq: number;
  /** Where it was when its deadline passed. */
  readonly how: 'queued' | 'running';
}

/** Fails the runs whose deadline has passed, at most `limit`. */
export async function expireRuns(db: Executor, limit: number): Promise<ExpiredRun[]> {
  const { rows } = await sql<ExpiredRun>`
    select run_id as "runId", sq, how from fleet_expire(${limit})
  `.execute(db);
  return rows;
}

/** Queues again what is due; returns how many to which line. */
export async function releaseScheduled(
  db: Executor,
  limit: number,
): Promise<(Line & { readonly runs: number })[]> {
  const { rows } = await sql<Line & { runs: number }>`
    select sq, prio, runs from fleet_release_scheduled(${limit})
  `.execute(db);
  return rows;
}

export interface InternRequest {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly pool: string;
  readonly model: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly routing?: Routing | null;
  readonly classesMax: number;
  readonly concurrency: { readonly key: string; readonly limit: number } | null;
  readonly keysMax: number;
  /** For this worker alone; null or left out: for all that match. */
  readonly workerNum?: number | null;
}

/** The number of a subqueue; null when there are as many classes, or concurrency keys, as there may be. */
export async function internSubqueue(db: Executor, request: InternRequest): Promise<number | null> {
  const { orgId, projectId, pool, model, labels, routing, classesMax, concurrency, keysMax } =
    request;
  const { workerNum = null } = request;
  const more = routing ? JSON.stringify(routing) : null;
  const { rows } = await sql<{ sq: number | null }>`
    select fleet_intern(${orgId}, ${projectId}, ${pool}, ${model}, ${JSON.stringify(labels)}::jsonb,
                        ${classesMax}, ${concurrency?.key ?? null}, ${concurrency?.limit ?? null}::integer,
                        ${keysMax}, ${more}::jsonb, ${workerNum}::integer) as sq
  `.execute(db);
  return rows[0]?.sq ?? null;
}
