import { type Contender, type Mode, SINGLE_IN_FLIGHT, SUBMIT_BATCH } from './contender.ts';
import { MODEL, type OurFleet, type OurWorker, POOL } from './our-fleet.ts';

const SUBMITTERS = 4;
const SLOTS = 50;
/** Loops of claim and report in single mode, spread over the workers. */
const SINGLE_LOOPS = 32;
/** How long a poll waits at the end, when everything has been claimed. */
const POLL_SECONDS = 1;

/** The payload is the one the peers get. */
export const SUBMISSION = {
  pool: POOL,
  model: MODEL,
  payload: { agent: { name: 'bench', model: MODEL }, message: 'x'.repeat(200) },
};

/** Our server, everything over HTTP: submitters and workers run side by side until all is reported. */
export function ours(name: string, fleet: OurFleet, workers: readonly OurWorker[]): Contender {
  return { name, pass: (jobs, mode) => pass(jobs, mode, { fleet, workers }) };
}

async function pass(
  jobs: number,
  mode: Mode,
  { fleet, workers }: { fleet: OurFleet; workers: readonly OurWorker[] },
): Promise<{ elapsedMs: number; mistakes: number }> {
  let unsubmitted = jobs;
  let reported = 0;
  let mistakes = 0;
  let lastReportAt = 0;
  const work = mode === 'batched' ? workBatch : workOne;
  const perRequest = mode === 'batched' ? SUBMIT_BATCH : 1;

  async function submit(): Promise<void> {
    while (unsubmitted > 0) {
      const count = Math.min(perRequest, unsubmitted);
      unsubmitted -= count;
      // A submitter sends the next request when the last one is acknowledged.
      await (mode === 'batched' ? fleet.submit(count, SUBMISSION) : fleet.submitOne(SUBMISSION));
    }
  }

  async function serve(worker: OurWorker): Promise<void> {
    while (reported < jobs) {
      const done = await work(worker);
      reported += done.reported;
      mistakes += done.mistakes;
      if (done.reported > 0) lastReportAt = performance.now();
    }
  }

  const loops = mode === 'batched' ? workers.length : SINGLE_LOOPS;
  const submitters = mode === 'batched' ? SUBMITTERS : SINGLE_IN_FLIGHT;
  const startedAt = performance.now();
  await Promise.all([
    ...Array.from({ length: submitters }, submit),
    ...Array.from({ length: loops }, (_, loop) => {
      const worker = workers[loop % workers.length];
      return worker === undefined ? Promise.resolve() : serve(worker);
    }),
  ]);
  return { elapsedMs: lastReportAt - startedAt, mistakes: mistakes + Math.abs(reported - jobs) };
}

interface Done {
  readonly reported: number;
  readonly mistakes: number;
}

async function workBatch(worker: OurWorker): Promise<Done> {
  const leases = await worker.claim(SLOTS, POLL_SECONDS);
  if (leases.length === 0) return { reported: 0, mistakes: 0 };
  return { reported: leases.length, mistakes: await worker.report(leases) };
}

async function workOne(worker: OurWorker): Promise<Done> {
  const lease = await worker.claimOne(POLL_SECONDS);
  if (lease === null) return { reported: 0, mistakes: 0 };
  return { reported: 1, mistakes: await worker.reportOne(lease) };
}
