import type { Arena } from '../arena.ts';
import type { Random } from '../random.ts';
import type { Held, WorkerSession } from './worker-session.ts';

/** Gives a lease up until somebody answers, or the time is up; the answer may be lost. */
export async function beginWait(
  arena: Arena,
  random: Random,
  {
    session,
    lease,
    forWhat = random.pick(['approval', 'approval', 'signal']),
  }: { session: WorkerSession; lease: Held; forWhat?: 'approval' | 'signal' | 'children' },
): Promise<void> {
  const { runId, epoch } = lease;
  const { answer, sentMs, answeredMs } = await session.post(
    `/api/v1/fleet/runs/${runId}/wait`,
    { epoch, for: forWhat, name: 'go', timeout_seconds: random.between(3, 15) / 10 },
    random.chance(0.1),
  );
  if (answer?.status === 401) await session.reopen();
  // Whether it waits or not: somebody may want to answer.
  if (forWhat !== 'children') arena.waits.push({ runId, wait: epoch });
  if (answer?.status !== 200 || answer.json.state === 'cancelled') return;
  if (forWhat === 'children') arena.journal.count('waits for children');
  const how = forWhat === 'children' ? 'waits for children' : 'waits';
  arena.journal.record({ kind: 'gave up', how, runId, epoch, sentMs, answeredMs });
}

/** Hands leases back that it will not finish. */
export async function handBack(
  arena: Arena,
  random: Random,
  { session, leases }: { session: WorkerSession; leases: readonly Held[] },
): Promise<void> {
  if (leases.length === 0) return;
  const reports = leases.map(({ runId, epoch }) => ({ run_id: runId, epoch, status: 'released' }));
  const { answer, sentMs, answeredMs } = await session.post(
    '/api/v1/fleet/report/batch',
    { reports },
    random.chance(0.1),
  );
  if (answer?.status === 401) await session.reopen();
  if (answer?.status !== 200) return;
  const results = answer.json.results as { status: string }[];
  for (const [index, { runId, epoch }] of leases.entries()) {
    if (results[index]?.status !== 'ok') continue;
    arena.journal.record({ kind: 'gave up', how: 'handed back', runId, epoch, sentMs, answeredMs });
  }
}
