import { type Executor, sql } from '@sagewai/postgres';
import { JOURNAL_FORMAT, type RunId } from '@sagewai/wire';

import type { AppendedSteps, JournalHead, NewStep, OfRun, StepBatch, StepRow } from './journal.ts';

/** Journals steps, each batch only under its lease (D1). At most one batch a run in one call. */
export async function appendSteps(
  db: Executor,
  batches: readonly StepBatch[],
  changesMax: number,
): Promise<AppendedSteps[]> {
  const steps = batches.flatMap((batch) => batch.steps);
  const { rows } = await sql<AppendedSteps & { n: bigint }>`
    select n, how, change from decision_append_steps(
      ${batches.map(({ runId }) => runId)}::uuid[],
      ${batches.map(({ orgId }) => orgId)}::uuid[],
      ${batches.map(({ epoch }) => epoch)}::bigint[],
      ${batches.map((batch) => batch.steps.length)}::integer[],
      ${steps.map(({ name }) => name)}::text[],
      ${steps.map(({ ordinal }) => ordinal)}::integer[],
      ${steps.map(({ kind }) => kind)}::text[],
      ${steps.map(({ state }) => state)}::text[],
      ${steps.map(({ inputDigest }) => inputDigest)}::text[],
      ${steps.map(({ result }) => result)}::text[],
      ${steps.map(({ blobDigest }) => blobDigest)}::text[],
      ${steps.map(({ blobBytes }) => blobBytes)}::integer[],
      ${steps.map(({ keyId }) => keyId)}::uuid[],
      ${steps.map(({ error }) => error)}::text[],
      ${steps.map(({ isFinal }) => isFinal)}::boolean[],
      ${steps.map(({ tries }) => tries)}::integer[],
      ${steps.map(({ startedAt }) => startedAt)}::timestamptz[],
      ${steps.map(({ endedAt }) => endedAt)}::timestamptz[],
      ${changesMax}
    ) order by n
  `.execute(db);
  return rows.map(({ how, change }) => ({ how, change }));
}

/** What the run's program begins with; null: the transaction's organization has no such run. */
export async function readHead(tx: Executor, runId: RunId): Promise<JournalHead | null> {
  const { rows } = await sql<JournalHead>`
    select r.project_id as "projectId", coalesce(j.change, 0)::bigint as change,
           coalesce(j.format, ${JOURNAL_FORMAT})::integer as format,
           coalesce(j.seed, r.run_id::text) as seed, coalesce(j.started_at, r.created_at) as "startedAt",
           j.replay_of as "replayOf", case when w.resume is not null then w.epoch end as "resumedEpoch"
    from run r
    left join run_journal j on j.run_id = r.run_id
    left join run_wait w on w.run_id = r.run_id
    where r.run_id = ${runId}
  `.execute(tx);
  return rows[0] ?? null;
}

/** How much was written of these runs; those of which nothing was are left out. */
export async function readChanges(
  tx: Executor,
  runIds: readonly RunId[],
): Promise<ReadonlyMap<RunId, bigint>> {
  const { rows } = await sql<{ runId: RunId; change: bigint }>`
    select run_id as "runId", change from run_journal where run_id = any(${[...runIds]}::uuid[])
  `.execute(tx);
  return new Map(rows.map(({ runId, change }) => [runId, change]));
}

/** What was written of a run after a change, in order (D3). */
export async function readSteps(
  tx: Executor,
  of: { readonly runId: RunId; readonly after: bigint; readonly limit: number },
): Promise<StepRow[]> {
  const { rows } = await sql<StepRow>`
    select s.name, s.ordinal, s.seq, s.change, s.kind, s.state, s.input_digest as "inputDigest", s.result,
           s.blob_digest as "blobDigest", s.blob_bytes as "blobBytes", s.key_id as "keyId", s.error,
           s.is_final as "isFinal", s.tries, s.started_at as "startedAt", s.ended_at as "endedAt", s.attempt,
           s.epoch, w.id as "workerId"
    from run_step s left join worker w on w.num = s.worker_num
    where s.run_id = ${of.runId} and s.change > ${of.after}
    order by s.change limit ${of.limit}
  `.execute(tx);
  return rows;
}

/** The steps of one name, in order: what a replay may begin at. */
export async function findSeq(
  tx: Executor,
  of: { readonly runId: RunId; readonly name: string; readonly ordinal: number },
): Promise<bigint | null> {
  const { rows } = await sql<{ seq: bigint }>`
    select seq from run_step where run_id = ${of.runId} and name = ${of.name} and ordinal = ${of.ordinal}
  `.execute(tx);
  return rows[0]?.seq ?? null;
}

/** What a replay begins with: in the transaction that submits it, so that nobody has claimed it yet. */
export async function beginJournal(
  tx: Executor,
  { orgId, projectId, runId }: OfRun,
  with_: {
    readonly change: number;
    readonly format: number;
    readonly seed: string;
    readonly startedAt: Date;
    readonly replayOf: RunId;
  },
): Promise<void> {
  await sql`
    insert into run_journal (run_id, org_id, project_id, change, format, seed, started_at, replay_of)
    values (${runId}, ${orgId}, ${projectId}, ${with_.change}, ${with_.format}, ${with_.seed}, ${with_.startedAt},
            ${with_.replayOf})
  `.execute(tx);
}

/** Finished steps of another run, numbered from one on; no attempt of this run has done them. */
export async function insertSteps(
  tx: Executor,
  { orgId, runId }: OfRun,
  { steps, from }: { readonly steps: readonly NewStep[]; readonly from: number },
): Promise<void> {
  await sql`
    insert into run_step (run_id, org_id, name, ordinal, seq, change, kind, state, input_digest, result,
      blob_digest, blob_bytes, key_id, error, is_final, tries, started_at, ended_at, attempt, epoch)
    select ${runId}, ${orgId}, g.name, g.ordinal, ${from} + g.at, ${from} + g.at, g.kind, g.state, g.input_digest,
           g.result::json, g.blob_digest, g.blob_bytes, g.key_id, g.error, g.is_final, g.tries, g.started_at,
           g.ended_at, 0, 0
    from unnest(
      ${steps.map(({ name }) => name)}::text[], ${steps.map(({ ordinal }) => ordinal)}::integer[],
      ${steps.map(({ kind }) => kind)}::text[], ${steps.map(({ state }) => state)}::text[],
      ${steps.map(({ inputDigest }) => inputDigest)}::text[], ${steps.map(({ result }) => result)}::text[],
      ${steps.map(({ blobDigest }) => blobDigest)}::text[],
      ${steps.map(({ blobBytes }) => blobBytes)}::integer[], ${steps.map(({ keyId }) => keyId)}::uuid[],
      ${steps.map(({ error }) => error)}::text[], ${steps.map(({ isFinal }) => isFinal)}::boolean[],
      ${steps.map(({ tries }) => tries)}::integer[], ${steps.map(({ startedAt }) => startedAt)}::timestamptz[],
      ${steps.map(({ endedAt }) => endedAt)}::timestamptz[]
    ) with ordinality as g(name, ordinal, kind, state, input_digest, result, blob_digest, blob_bytes, key_id,
                           error, is_final, tries, started_at, ended_at, at)
  `.execute(tx);
}
