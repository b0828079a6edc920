import type {
  ApprovalAnswer,
  ApprovalWish,
  ChildRun,
  SignalAnswer,
  SignalWish,
  WorkflowContext,
} from './context.ts';
import type { Doing } from './doing.ts';
import type { Resumed } from './journal.ts';
import { pause } from './patience.ts';
import type { Steps } from './steps.ts';

export interface ChildEnd {
  readonly state: 'completed' | 'failed' | 'cancelled';
  readonly output: unknown;
  readonly error: string | null;
}

/** Runs under a run. */
export interface WorkflowChildren {
  /** Answers the id. One key is one child, however often it is submitted. */
  submit(key: string, run: ChildRun): Promise<string>;
  /** Null: it is under way. */
  find(id: string): Promise<ChildEnd | null>;
}

export interface WaitsOptions {
  readonly children: WorkflowChildren;
  readonly sleepInPlaceMsMax: number;
}

/** What a wait had decided when it began. */
interface Begun {
  readonly until?: string;
}

/** What makes a run wait. A place on a worker is held only for short sleeps. */
export function createWaits(
  steps: Steps,
  { children, sleepInPlaceMsMax }: WaitsOptions,
): Pick<WorkflowContext, 'sleep' | 'waitFor' | 'child'> {
  /** The fleet's answer to this very wait: the one that began under the lease that journaled it. */
  const resumedOf = ({ begun }: Doing): Resumed | null =>
    begun?.state === 'waiting' && begun.epoch === steps.resumed?.epoch ? steps.resumed : null;

  /** When it is over; decided once. Null: whenever. */
  const untilOf = ({ begun }: Doing, ms: number | undefined): Date | null => {
    const { until } = (begun?.result ?? {}) as Begun;
    if (until !== undefined) return new Date(until);
    return ms === undefined ? null : new Date(steps.wallClock().getTime() + ms);
  };

  async function sleep(name: string, ms: number): Promise<void> {
    await steps.perform({ name, kind: 'sleep', input: { ms } }, async (doing) => {
      const until = untilOf(doing, ms) as Date;
      const leftMs = until.getTime() - steps.wallClock().getTime();
      if (resumedOf(doing) !== null || leftMs <= 0) return doing.complete(null);
      const result = { until: until.toISOString() };
      if (leftMs > sleepInPlaceMsMax) {
        const name = `sleep:${doing.key}`;
        return doing.park({ for: 'signal', name, timeoutSeconds: leftMs / 1_000 }, result);
      }
      if (doing.begun === null) await doing.write({ state: 'waiting', result });
      await pause(leftMs, steps.signal);
      return doing.complete(null);
    });
  }

  function waitFor(wish: SignalWish): Promise<SignalAnswer>;
  function waitFor(wish: ApprovalWish): Promise<ApprovalAnswer>;
  async function waitFor(wish: SignalWish | ApprovalWish): Promise<SignalAnswer | ApprovalAnswer> {
    const kind = 'signal' in wish ? 'signal' : 'approval';
    const name = 'signal' in wish ? wish.signal : wish.approval;
    const answer = await steps.perform({ name, kind }, async (doing) => {
      const resumed = resumedOf(doing);
      if (resumed !== null) return doing.complete(answerOf(resumed));
      const until = untilOf(doing, wish.timeoutMs);
      const leftMs = until === null ? null : until.getTime() - steps.wallClock().getTime();
      const prompt = 'approval' in wish ? wish.prompt : undefined;
      const wait = {
        for: kind,
        name,
        ...(prompt === undefined ? {} : { prompt }),
        ...(leftMs === null ? {} : { timeoutSeconds: Math.max(0, leftMs) / 1_000 }),
      } as const;
      return doing.park(wait, until === null ? null : { until: until.toISOString() });
    });
    return answer as SignalAnswer | ApprovalAnswer;
  }

  async function child<Output>(name: string, run: ChildRun): Promise<Output> {
    const output = await steps.perform({ name, kind: 'child', input: run }, async (doing) => {
      const id = await children.submit(doing.key, run);
      const end = await children.find(id);
      if (end === null) return doing.park({ for: 'children', name: 'children' }, { id });
      if (end.state === 'completed') return doing.complete(end.output);
      const message = `run ${id} ${end.state}${end.error === null ? '' : `: ${end.error}`}`;
      return doing.fail({ message, isFinal: true });
    });
    return output as Output;
  }

  return { sleep, waitFor, child };
}

function answerOf({ kind, value, by }: Resumed): SignalAnswer | ApprovalAnswer {
  if (kind === 'timeout' || kind === 'children') return { kind: 'timeout' };
  return { kind, value, by };
}
