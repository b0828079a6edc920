import { type Executor, sql } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { AppendedSteps, JournalHead, StepBatch, StepRow } from './journal.ts';

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
           coalesce(j.seed, r.run_id::text) as seed, coalesce(j.started_at, r.created_at) as "startedAt",
           j.replay_of as "replayOf", case when w.resume is not null then w.epoch end as "resumedEpoch"
    from run r
    left join run_journal j on j.run_id = r.run_id
    left join run_wait w on w.run_id = r.run_id
    where r.run_id = ${runId}
  `.execute(tx);
  return rows[0] ?? null;
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
