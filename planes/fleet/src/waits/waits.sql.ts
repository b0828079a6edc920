import { type Executor, sql } from '@sagewai/postgres';
import type { RunId } from '@sagewai/wire';

import type { Line } from '../matching/subqueue.ts';
import type { Answer, NewWait, Resumed, Wait, WaitAnswer } from './wait.ts';

/** Moves runs from their leases to `waiting`, each only if the session has it (F1). At most one a run. */
export async function beginWaits(db: Executor, waits: readonly NewWait[]): Promise<WaitAnswer[]> {
  const { rows } = await sql<WaitAnswer & { n: bigint }>`
    select n, how, sq, prio from fleet_wait(
      ${waits.map((wait) => wait.runId)}::uuid[],
      ${waits.map((wait) => wait.orgId)}::uuid[],
      ${waits.map((wait) => wait.workerNum)}::integer[],
      ${waits.map((wait) => wait.sessionEpoch)}::bigint[],
      ${waits.map((wait) => wait.epoch)}::bigint[],
      ${waits.map((wait) => wait.kind)}::text[],
      ${waits.map((wait) => wait.name)}::text[],
      ${waits.map((wait) => wait.prompt)}::text[],
      ${waits.map((wait) => wait.timeoutMs)}::double precision[]
    ) order by n
  `.execute(db);
  return rows.map(({ how, sq, prio }) => ({ how, sq, prio }));
}

/** Ends the wait of a run (W2), or keeps the signal. Null: the transaction's organization has no such run. */
export async function resumeRun(
  tx: Executor,
  answer: Answer,
  signalsKeptMax: number,
): Promise<Resumed | null> {
  const { rows } = await sql<{ how: Resumed['how']; sq: number | null; prio: number | null }>`
    select how, sq, prio from fleet_resume(
      ${answer.runId}, ${answer.kind}, ${answer.name}::text, ${answer.wait}::bigint,
      ${answer.value}::text, ${answer.by}, ${signalsKeptMax}
    )
  `.execute(tx);
  const [row] = rows;
  if (row === undefined) return null;
  const { how, sq, prio } = row;
  return how === 'resumed' ? { how, line: { sq: sq ?? 0, prio: prio ?? 0 } } : { how };
}

/** Queues again what has waited for as long as it wanted to, at most `limit`. */
export async function endWaits(
  db: Executor,
  limit: number,
): Promise<(Line & { readonly runId: RunId })[]> {
  const { rows } = await sql<Line & { runId: RunId }>`
    select run_id as "runId", sq, prio from fleet_end_waits(${limit})
  `.execute(db);
  return rows;
}

/** What a run waits for; null: it does not. */
export async function findWait(tx: Executor, runId: RunId): Promise<Wait | null> {
  const { rows } = await sql<Wait>`
    select w.epoch, w.kind, w.name, w.prompt, p.since, p.due_at as "dueAt"
    from waiting p join run_wait w on w.run_id = p.run_id and w.epoch = p.epoch
    where p.run_id = ${runId}
  `.execute(tx);
  return rows[0] ?? null;
}

/** Forgets, in the transaction's organizations, waits and signals of runs that are long over. */
export async function forgetWaits(tx: Executor, afterMs: number): Promise<void> {
  await sql`
    with old as (
      delete from run_wait w
      where w.changed_at < app_now() - ${afterMs} * interval '1 millisecond'
        and exists (select from outcome o where o.run_id = w.run_id)
      returning w.run_id
    )
    delete from run_signal s using old where s.run_id = old.run_id
  `.execute(tx);
}
