import type { Arena, Sent } from '../arena.ts';
import type { ErrorClass } from '../check-fleet.ts';
import type { Random } from '../random.ts';
import type { Held, WorkerSession } from './worker-session.ts';

export interface Reporter {
  /** Reports these leases, alone or together. Honest: all completed. */
  /** Whether there was an answer that says what became of them. */
  report(leases: readonly Held[], how: { lose: boolean; honest?: boolean }): Promise<boolean>;
  /** Keeps a lease that may be lost, for a report that comes late. */
  remember(lease: Held): void;
  /** Says nothing any more of earlier leases of these runs. */
  forgetBefore(leases: readonly Held[]): void;
  /** Reports something of long ago: lost, or reported before. */
  late(): Promise<void>;
}

interface Said extends Held {
  readonly status: 'completed' | 'failed';
  readonly retry: boolean;
  readonly output: string;
  readonly errorClass: ErrorClass | null;
}

const REMEMBERED_MAX = 40;
const CLASSES: readonly [ErrorClass, ...ErrorClass[]] = ['flaky', 'flaky', 'broken'];

export function createReporter(
  arena: Arena,
  random: Random,
  { session, flat }: { session: WorkerSession; flat: boolean },
): Reporter {
  let remembered: Said[] = [];
  const remember = (said: Said): void => {
    remembered.push(said);
    if (remembered.length > REMEMBERED_MAX) remembered.shift();
  };

  /** One lease has one report, however often it is sent: its words follow from its number. */
  const say = (lease: Held, honest: boolean): Said => {
    const failed = !honest && random.chance(lease.policed ? 0.6 : 0.12);
    const errorClass = failed && lease.policed ? random.pick(CLASSES) : null;
    // The wait before another attempt doubles each time, and the end of the history waits for all. What
    // a policy forbids is final, whatever the worker asks.
    const retry = failed && (lease.policed || lease.attempt <= 2) && random.chance(0.8);
    const status = failed ? 'failed' : 'completed';
    const output = `${lease.runId} ${lease.epoch} ${session.workerId}`;
    return { ...lease, status, retry, output, errorClass };
  };

  const toWire = ({
    runId,
    epoch,
    status,
    retry,
    output,
    errorClass,
  }: Said): Record<string, unknown> => ({
    run_id: runId,
    ...(flat ? {} : { epoch }),
    status,
    output: { said: output },
    ...(status === 'failed' ? { error: 'the checker says so', retry } : {}),
    ...(errorClass === null ? {} : { error_class: errorClass }),
  });

  const note = (
    said: Said,
    sent: Sent,
    result: { ok: boolean; requeued: boolean; repeated: boolean },
  ): void => {
    const { runId, epoch, output, attempt, errorClass } = said;
    const failure = errorClass === null ? null : { attempt, errorClass };
    if (result.requeued) {
      if (failure) arena.journal.record({ kind: 'tried again', runId, ...failure });
      return arena.journal.count('requeued');
    }
    const { sentMs, answeredMs } = sent;
    const { ok: accepted, repeated } = result;
    if (repeated) arena.journal.count('repeated');
    arena.journal.record({
      kind: 'reported',
      runId,
      epoch,
      output,
      accepted,
      repeated,
      ...(failure ? { failure } : {}),
      sentMs,
      answeredMs,
    });
  };

  /** Whether there was an answer that says what became of it. */
  async function send(saids: readonly Said[], lose: boolean): Promise<boolean> {
    const [only] = saids;
    if (only === undefined) return true;
    if (saids.length === 1 || flat) {
      const sent = await session.post('/api/v1/fleet/report', toWire(only), lose);
      const { answer } = sent;
      if (answer?.status === 401) await session.reopen();
      if (answer?.status === 200) note(only, sent, { ok: true, ...answer.json });
      else if (answer?.status === 409)
        note(only, sent, { ok: false, requeued: false, repeated: false });
      else return answer !== null && answer.status < 500;
      return flat && saids.length > 1 ? send(saids.slice(1), lose) : true;
    }
    const body = { reports: saids.map(toWire) };
    const sent = await session.post('/api/v1/fleet/report/batch', body, lose);
    const { answer } = sent;
    if (answer?.status === 401) await session.reopen();
    if (answer?.status !== 200) return answer !== null && answer.status < 500;
    const results = answer.json.results as {
      status: string;
      requeued: boolean;
      repeated: boolean;
    }[];
    for (const [index, said] of saids.entries()) {
      const result = results[index];
      if (result) note(said, sent, { ...result, ok: result.status === 'ok' });
    }
    return true;
  }

  return {
    remember: (lease) => remember(say(lease, false)),
    report: async (leases, { lose, honest = false }) => {
      const saids = leases.map((lease) => say(lease, honest));
      const heard = await send(saids, lose);
      for (const said of saids) if (!heard || random.chance(0.15)) remember(said);
      return heard;
    },
    forgetBefore: (leases) => {
      const epochOf = new Map(leases.map(({ runId, epoch }) => [runId, epoch]));
      remembered = remembered.filter(({ runId, epoch }) => epoch >= (epochOf.get(runId) ?? epoch));
    },
    late: async () => {
      const said = random.any(remembered);
      if (said === null) return;
      arena.journal.count('late reports');
      await send([said], false);
    },
  };
}
