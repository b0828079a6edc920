import { percentile } from '../common/statistics.ts';
import type { Lease, OurFleet, OurWorker } from './our-fleet.ts';
import { SUBMISSION } from './pass-ours.ts';

const CLAIMS = 100;
const DISPATCHES = 50;
const POLL_SECONDS = 5;

export interface Latencies {
  /** From asking to holding a lease, of runs that are ready. */
  readonly claimP50Ms: number;
  readonly claimP99Ms: number;
  /** From submitting a run to its lease in the hands of a worker that was waiting. */
  readonly dispatchP50Ms: number;
}

/** One worker asks for one run at a time, whatever else is in the queue. */
export async function measureLatency(fleet: OurFleet, worker: OurWorker): Promise<Latencies> {
  const claims = await claimReady(fleet, worker);
  const dispatches = await dispatchWaiting(fleet, worker);
  return {
    claimP50Ms: percentile(claims, 0.5),
    claimP99Ms: percentile(claims, 0.99),
    dispatchP50Ms: percentile(dispatches, 0.5),
  };
}

async function claimReady(fleet: OurFleet, worker: OurWorker): Promise<number[]> {
  await fleet.submit(CLAIMS, SUBMISSION);
  const latenciesMs: number[] = [];
  const leases: Lease[] = [];
  while (leases.length < CLAIMS) {
    const askedAt = performance.now();
    const claimed = await worker.claim(1, POLL_SECONDS);
    latenciesMs.push(performance.now() - askedAt);
    leases.push(...claimed);
    if (claimed.length === 0) throw new Error('a run that is ready was not given to its worker');
  }
  await worker.report(leases);
  return latenciesMs;
}

async function dispatchWaiting(fleet: OurFleet, worker: OurWorker): Promise<number[]> {
  const latenciesMs: number[] = [];
  for (let left = DISPATCHES; left > 0; left -= 1) {
    // One after another, and each with a poll that is already under way: that is what is timed.
    const poll = worker.claim(1, POLL_SECONDS);
    const submittedAt = performance.now();
    await fleet.submitOne(SUBMISSION);
    const leases = await poll;
    latenciesMs.push(performance.now() - submittedAt);
    if (leases.length === 0) throw new Error('a waiting worker was not woken');
    await worker.report(leases);
  }
  return latenciesMs;
}
