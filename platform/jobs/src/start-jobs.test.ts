import type { Clock } from '@sagewai/clock';
import { createLog, silentLog } from '@sagewai/log';
import { sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { describe, expect, test } from 'vitest';

import { type Job, job } from './job.ts';
import { type JobsOptions, startJobs, type Timer } from './start-jobs.ts';

/** Time that passes when told to; everything due by then has been called, in order. */
class ManualTime {
  #nowMs = 0;
  #waiting: { atMs: number; call: () => void }[] = [];

  readonly clock: Clock = { now: () => new Date(this.#nowMs), monotonicMs: () => this.#nowMs };

  readonly timer: Timer = (delayMs, call) => {
    const entry = { atMs: this.#nowMs + delayMs, call };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((each) => each !== entry);
    };
  };

  get waiting(): number {
    return this.#waiting.length;
  }

  async pass(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    for (;;) {
      const [next] = this.#waiting.toSorted((left, right) => left.atMs - right.atMs);
      if (!next || next.atMs > untilMs) break;
      this.#waiting = this.#waiting.filter((each) => each !== next);
      this.#nowMs = next.atMs;
      next.call();
      await settle();
    }
    this.#nowMs = untilMs;
  }
}

/** Lets what is already resolved run to its end. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

function declare(run: Job['run'], more: Partial<Job> = {}): Job {
  return job({
    name: 'sweep',
    everyMs: 10_000,
    runsOn: 'every-replica',
    converges: 'nothing is left over',
    ifItNeverRuns: 'something is left over',
    run,
    ...more,
  });
}

function start(
  jobs: readonly Job[],
  more: Partial<JobsOptions> = {},
): { time: ManualTime; running: ReturnType<typeof startJobs> } {
  const time = new ManualTime();
  const running = startJobs(jobs, {
    log: silentLog,
    clock: time.clock,
    timer: time.timer,
    leadership: { isLeader: () => true },
    random: () => 0.5,
    ...more,
  });
  return { time, running };
}

describe('startJobs', () => {
  test('a job looks soon after the start and then every so often', async () => {
    let runs = 0;
    const { time } = start([declare(async () => void (runs += 1))]);
    await time.pass(500);
    expect(runs).toBe(1);
    await time.pass(9999);
    expect(runs).toBe(1);
    await time.pass(1);
    expect(runs).toBe(2);
    await time.pass(30_000);
    expect(runs).toBe(5);
  });

  test.each([
    [0, 9000],
    [1, 11_000],
  ])('the pause varies by its jitter: at %d it is %d ms', async (chance, pauseMs) => {
    const startsMs: number[] = [];
    const { time } = start([declare(async () => void startsMs.push(time.clock.monotonicMs()))], {
      random: () => chance,
    });
    await time.pass(30_000);
    expect((startsMs[1] ?? 0) - (startsMs[0] ?? 0)).toBe(pauseMs);
  });

  test('a job never overlaps with itself, however long it takes (J1)', async () => {
    const ends: (() => void)[] = [];
    const { time, running } = start([declare(() => new Promise((end) => void ends.push(end)))]);
    await time.pass(100_000);
    running.nudge('sweep');
    await time.pass(100_000);
    expect(ends).toHaveLength(1);
  });

  test('a failure is logged and counted, and the job runs again (J2)', async () => {
    const lines: string[] = [];
    const log = createLog({
      level: 'info',
      name: 'test',
      destination: { write: (line) => void lines.push(line) },
    });
    const metrics = createMetrics();
    let runs = 0;
    const failsOnce = declare(async () => {
      runs += 1;
      if (runs === 1) throw new Error('the table is gone');
    });
    const { time } = start([failsOnce], { log, metrics });
    await time.pass(10_500);
    expect(runs).toBe(2);
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('the table is gone');
    const text = await metrics.render();
    expect(text).toContain('sagewai_job_runs_total{job="sweep",outcome="failed"} 1');
    expect(text).toContain('sagewai_job_runs_total{job="sweep",outcome="done"} 1');
  });

  test('a job that throws at once is a failure like any other (J2)', async () => {
    let runs = 0;
    const { time } = start([
      declare(() => {
        runs += 1;
        throw new Error('at once');
      }),
    ]);
    await time.pass(10_500);
    expect(runs).toBe(2);
  });

  test('a failing job does not keep another from running (J2)', async () => {
    let runs = 0;
    const { time } = start([
      declare(() => Promise.reject(new Error('no'))),
      declare(async () => void (runs += 1), { name: 'other' }),
    ]);
    await time.pass(25_000);
    expect(runs).toBe(3);
  });

  test('a nudge makes it look now, once, and the pause begins anew', async () => {
    let runs = 0;
    const { time, running } = start([declare(async () => void (runs += 1))]);
    await time.pass(5000);
    running.nudge('sweep');
    running.nudge('sweep');
    await time.pass(0);
    expect(runs).toBe(2);
    await time.pass(9999);
    expect(runs).toBe(2);
    await time.pass(1);
    expect(runs).toBe(3);
  });

  test('nudges during a run are answered by one run after it (J3)', async () => {
    const ends: (() => void)[] = [];
    const { time, running } = start([declare(() => new Promise((end) => void ends.push(end)))]);
    await time.pass(500);
    for (let count = 0; count < 5; count += 1) running.nudge('sweep');
    ends[0]?.();
    await time.pass(0);
    expect(ends).toHaveLength(2);
    ends[1]?.();
    await time.pass(9999);
    expect(ends).toHaveLength(2);
  });

  test("a leader's job runs only while this replica leads, and soon after it does (J4)", async () => {
    let isLeader = false;
    let runs = 0;
    const rare = declare(async () => void (runs += 1), { runsOn: 'leader', everyMs: 86_400_000 });
    const { time, running } = start([rare], { leadership: { isLeader: () => isLeader } });
    await time.pass(60_000);
    running.nudge('sweep');
    await time.pass(0);
    expect(runs).toBe(0);
    isLeader = true;
    await time.pass(5000);
    expect(runs).toBe(1);
    isLeader = false;
    running.nudge('sweep');
    await time.pass(200_000_000);
    expect(runs).toBe(1);
  });

  describe('a job that says when it is due', () => {
    /** Answers each look with what is due then, and counts the looks. */
    function ask(answers: (looks: number) => (number | null)[]): {
      due: NonNullable<JobsOptions['due']>;
      looks: () => number;
    } {
      let looks = 0;
      return {
        looks: () => looks,
        due: {
          read: (questions) => Promise.resolve(answers(looks++).slice(0, questions.length)),
          busyEveryMs: 500,
          idleEveryMs: 2_000,
        },
      };
    }
    const due = { inMs: () => sql`select 0`, atLeastEveryMs: 60_000 };
    const often = { everyMs: 500, jitter: 0, due };

    test('does not run while nothing is, and one rare look asks for all of them (J6)', async () => {
      let runs = 0;
      const count = async (): Promise<void> => void (runs += 1);
      const jobs = ['one', 'two', 'three'].map((name) => declare(count, { ...often, name }));
      const { due: read, looks } = ask(() => [null, null, null]);
      const { time } = start(jobs, { due: read });
      await time.pass(10_250);
      expect(runs).toBe(3);
      expect(looks()).toBeLessThanOrEqual(6);
      await time.pass(60_000);
      expect(runs).toBe(6); // At least once a minute.
    });

    test('runs at the tick after the instant that it is told, and once for each look (J6)', async () => {
      const runsMs: number[] = [];
      const each = declare(async () => void runsMs.push(time.clock.monotonicMs()), often);
      const { due: read } = ask(() => [
        runsMs.length < 2 ? 3_950 - time.clock.monotonicMs() : null,
      ]);
      const { time } = start([each], { due: read });
      await time.pass(20_000);
      expect(runsMs).toEqual([250, 4_250]);
    });

    test('runs at every tick where nobody can tell, and when it is nudged (J6)', async () => {
      let runs = 0;
      const each = declare(async () => void (runs += 1), often);
      const { time } = start([each], {
        due: { read: () => Promise.reject(new Error('away')), busyEveryMs: 0, idleEveryMs: 0 },
      });
      await time.pass(2_250);
      expect(runs).toBe(5);
      const idle = ask(() => [null]);
      const second = start([declare(async () => void (runs += 1), often)], { due: idle.due });
      await second.time.pass(1_000);
      runs = 0;
      second.running.nudge('sweep');
      await second.time.pass(0);
      expect(runs).toBe(1);
    });
  });

  test('stop tells a running job, waits for it, and nothing runs afterwards (J5)', async () => {
    let runs = 0;
    let isStopped = false;
    const untilTold = declare((signal) => {
      runs += 1;
      return new Promise((_, fail) => {
        signal.addEventListener('abort', () => fail(new Error('told to end')));
      });
    });
    const lines: string[] = [];
    const log = createLog({
      level: 'info',
      name: 'test',
      destination: { write: (line) => void lines.push(line) },
    });
    const { time, running } = start([untilTold], { log });
    await time.pass(500);
    running.nudge('sweep');
    await running.stop();
    isStopped = true;
    running.nudge('sweep');
    await time.pass(1_000_000);
    expect([runs, isStopped, time.waiting]).toEqual([1, true, 0]);
    expect(lines).toEqual([]); // It ended as it was told.
  });

  test('stop resolves only when the job has ended (J5)', async () => {
    let end = (): void => {};
    const stubborn = declare(() => new Promise((done) => void (end = done)));
    const { time, running } = start([stubborn]);
    await time.pass(500);
    let isStopped = false;
    const stopped = running.stop().then(() => (isStopped = true));
    await settle();
    expect(isStopped).toBe(false);
    end();
    await stopped;
    expect(isStopped).toBe(true);
  });

  test('stop before the first run leaves nothing behind (J5)', async () => {
    let runs = 0;
    const { time, running } = start([declare(async () => void (runs += 1))]);
    await running.stop();
    await running.stop();
    await time.pass(1_000_000);
    expect([runs, time.waiting]).toEqual([0, 0]);
  });

  test('names are known and unique', () => {
    const nothing = declare(async () => {});
    expect(() => start([nothing, nothing])).toThrow(TypeError);
    expect(() => start([nothing]).running.nudge('other')).toThrow(TypeError);
  });
});
