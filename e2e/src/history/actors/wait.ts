import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';
import type { Held, WorkerSession } from './worker-session.ts';

/** Gives a lease up until somebody answers, or the time is up; the answer may be lost. */
export async function beginWait(
  arena: Arena,
  random: Random,
  { session, lease }: { session: WorkerSession; lease: Held },
): Promise<void> {
  const { runId, epoch } = lease;
  const forWhat = random.pick(['approval', 'approval', 'signal']);
  const { answer, answeredMs } = await session.post(
    `/api/v1/fleet/runs/${runId}/wait`,
    { epoch, for: forWhat, name: 'go', timeout_seconds: random.between(3, 15) / 10 },
    random.chance(0.1),
  );
  if (answer?.status === 401) await session.reopen();
  // Whether it waits or not: somebody may want to answer.
  arena.waits.push({ runId, wait: epoch });
  if (answer?.status !== 200 || answer.json.state === 'cancelled') return;
  arena.journal.record({ kind: 'gave up', how: 'waits', runId, epoch, answeredMs });
}

/** Hands leases back that it will not finish. */
export async function handBack(
  arena: Arena,
  random: Random,
  { session, leases }: { session: WorkerSession; leases: readonly Held[] },
): Promise<void> {
  if (leases.length === 0) return;
  const reports = leases.map(({ runId, epoch }) => ({ run_id: runId, epoch, status: 'released' }));
  const { answer, answeredMs } = await session.post(
    '/api/v1/fleet/report/batch',
    { reports },
    random.chance(0.1),
  );
  if (answer?.status === 401) await session.reopen();
  if (answer?.status !== 200) return;
  const results = answer.json.results as { status: string }[];
  for (const [index, { runId, epoch }] of leases.entries()) {
    if (results[index]?.status !== 'ok') continue;
    arena.journal.record({ kind: 'gave up', how: 'handed back', runId, epoch, answeredMs });
  }
}
