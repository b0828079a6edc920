/**
 * Runs jobs in the background of a process.
 *
 * J1. A job never overlaps with itself in this process: the next run is planned when one has ended.
 * J2. A failure is logged and counted, and the job runs again at its next tick, like any other.
 * J3. A nudge is never lost: one that comes during a run is answered by another run after it. Any
 *     number of nudges before a run are answered by that one.
 * J4. A leader's job starts only while this replica leads; others ask again soon, however rare it is.
 * J5. After `stop` has resolved nothing runs and nothing will.
 * J6. A job that says when it is due runs only then, when it is nudged, and at least as often as it says.
 *     Where nobody can tell what is due, it runs.
 */
import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Metrics } from '@sagewai/telemetry';

import { DueLooks, type DueLooksOptions } from './due-looks.ts';
import type { Job, Leadership } from './job.ts';
import { createMeters, type JobMeters } from './meters.ts';

const JITTER = 0.1;
/** A process that has just started looks soon, but not all of its jobs at once. */
const FIRST_DELAY_MS_MAX = 1000;
const LEADERSHIP_CHECK_MS = 5000;
/** Beyond it Node calls at once. A job that runs early does no harm. */
const TIMER_MS_MAX = 2 ** 31 - 1;

export interface JobsOptions {
  readonly log: Log;
  readonly clock: Clock;
  readonly metrics?: Metrics;
  readonly leadership: Leadership;
  /** Asks for all jobs what is due; without it they look by themselves. */
  readonly due?: Pick<DueLooksOptions, 'read' | 'busyEveryMs' | 'idleEveryMs'>;
  /** Around each run of a job; for what holds while it works. */
  readonly around?: (work: () => Promise<void>) => Promise<void>;
  readonly timer?: Timer;
  /** From 0 to 1. */
  readonly random?: () => number;
}

/** Calls once after a while; what it returns takes that back. */
export type Timer = (delayMs: number, call: () => void) => () => void;

export interface Jobs {
  /** Makes a job look now. */
  nudge(name: string): void;
  /** Tells running jobs to end, and waits for them. */
  stop(): Promise<void>;
}

const systemTimer: Timer = (delayMs, call) => {
  const timer = setTimeout(call, Math.min(delayMs, TIMER_MS_MAX));
  return () => clearTimeout(timer);
};

export function startJobs(jobs: readonly Job[], options: JobsOptions): Jobs {
  const stopping = new AbortController();
  const meters = createMeters(options.metrics);
  const { clock, log, leadership } = options;
  const looks =
    options.due &&
    new DueLooks({
      ...options.due,
      monotonicMs: () => clock.monotonicMs(),
      onError: (error) => log.warn('nobody can tell which jobs are due: all look', { error }),
    });
  const isDue = async (each: Job): Promise<boolean> => {
    const isAsked = ({ runsOn }: Job): boolean => runsOn !== 'leader' || leadership.isLeader();
    return looks === undefined || (await looks.isDue(each, jobs.filter(isAsked)));
  };
  const onRun = (each: Job): void => looks?.ran(each);
  const loops = new Map(
    jobs.map((each) => [
      each.name,
      startLoop(each, { ...options, meters, isDue, onRun, stopping: stopping.signal }),
    ]),
  );
  if (loops.size < jobs.length) throw new TypeError('two jobs have the same name');
  return {
    nudge: (name) => {
      const loop = loops.get(name);
      if (!loop) throw new TypeError(`there is no job ${name}`);
      loop.nudge();
    },
    stop: async () => {
      stopping.abort();
      await Promise.all([...loops.values()].map((loop) => loop.stop()));
    },
  };
}

interface LoopOptions extends JobsOptions {
  readonly meters: JobMeters;
  readonly isDue: (job: Job) => Promise<boolean>;
  readonly onRun: (job: Job) => void;
  readonly stopping: AbortSignal;
}

function startLoop(job: Job, options: LoopOptions): { nudge(): void; stop(): Promise<void> } {
  const { leadership, timer = systemTimer, random = Math.random, stopping, clock } = options;
  let running: Promise<void> | null = null;
  let isNudged = false;
  let ranMs = Number.NEGATIVE_INFINITY;
  let cancelTick = (): void => {};

  const plan = (delayMs: number, isForced = false): void => {
    cancelTick = timer(delayMs, () => look(isForced));
  };
  const runIfDue = async (isForced: boolean): Promise<void> => {
    const isLate = clock.monotonicMs() - ranMs >= (job.due?.atLeastEveryMs ?? 0);
    if (!isForced && !isLate && !(await options.isDue(job))) return; // J6
    if (stopping.aborted) return; // J5
    ranMs = clock.monotonicMs();
    options.onRun(job);
    await runOnce(job, options);
  };
  const look = (isForced: boolean): void => {
    if (job.runsOn === 'leader' && !leadership.isLeader()) {
      plan(Math.min(job.everyMs, LEADERSHIP_CHECK_MS)); // J4
      return;
    }
    running = runIfDue(isForced).then(() => {
      running = null;
      if (stopping.aborted) return; // J5
      const isDue = isNudged;
      isNudged = false;
      plan(isDue ? 0 : vary(job, random()), isDue); // J1, J3
    });
  };
  plan(Math.min(job.everyMs, FIRST_DELAY_MS_MAX) * random());

  return {
    nudge: () => {
      if (stopping.aborted) return; // J5
      if (running) {
        isNudged = true; // J3
        return;
      }
      cancelTick();
      plan(0, true);
    },
    stop: async () => {
      cancelTick();
      await running;
    },
  };
}

const vary = ({ everyMs, jitter = JITTER }: Job, random: number): number =>
  everyMs * (1 + jitter * (2 * random - 1));

/** Never rejects. */
async function runOnce(
  job: Job,
  { log, clock, meters, stopping, around = (work) => work() }: LoopOptions,
): Promise<void> {
  const startedMs = clock.monotonicMs();
  const meter = meters.of(job.name);
  try {
    await around(() => job.run(stopping));
    meter.ended('done', (clock.monotonicMs() - startedMs) / 1000);
  } catch (error) {
    if (stopping.aborted) return; // Told to end, some end by throwing.
    meter.ended('failed', (clock.monotonicMs() - startedMs) / 1000);
    log.error('a job failed; it runs again at its next tick', { job: job.name, error }); // J2
  }
}
