import { type AskedStep, describe } from './decide-step.ts';
import type { Doing, StepNews } from './doing.ts';
import { NonDeterministic, StepFailed } from './errors.ts';
import { failedStepOf } from './failed-step.ts';
import { type Journal, type JournaledStep, keyOf, type StepKind } from './journal.ts';
import { sha256 } from './patience.ts';
import type { Replay } from './replay.ts';
import type { WorkflowEnd, WorkflowWait } from './workflow-end.ts';

export interface StepsOptions {
  readonly journal: Journal;
  readonly replay: Replay;
  readonly signal: AbortSignal;
  readonly redact: (value: unknown) => unknown;
  readonly patienceMs: number;
  readonly tellBegunAfterMs: number;
  readonly wallClock: () => Date;
}

interface Parked {
  readonly wait: WorkflowWait;
  readonly begin: () => Promise<void>;
}

const ERROR_LENGTH_MAX = 4_000;
export const NEVER = new Promise<never>(() => undefined);

/** The steps of one attempt. The invariants are in `run-workflow.ts` and `decide-step.ts`. */
export class Steps {
  readonly #options: StepsOptions;
  readonly #end = Promise.withResolvers<WorkflowEnd>();
  readonly #failures = new Map<StepFailed, number>();
  readonly #parked: Parked[] = [];
  #held: { readonly asked: AskedStep; readonly go: () => void }[] = [];
  #patience: ReturnType<typeof setTimeout> | undefined;
  #running = 0;
  #asked = 0;
  #isOver = false;
  #now: Date;

  constructor(options: StepsOptions) {
    this.#options = options;
    this.#now = options.journal.startedAt;
    const { signal } = options;
    const stop = (): void =>
      this.#end.resolve({ kind: 'failed', error: signal.reason, retry: false });
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  }

  /** Resolves when the attempt ends though the program does not. */
  get ended(): Promise<WorkflowEnd> {
    return this.#end.promise;
  }

  get wallClock(): () => Date {
    return this.#options.wallClock;
  }

  get resumed(): Journal['resumed'] {
    return this.#options.journal.resumed;
  }

  /** Nothing is journaled any more. */
  get isOver(): boolean {
    return this.#isOver || this.#options.signal.aborted;
  }

  get runId(): string {
    return this.#options.journal.runId;
  }

  get tellBegunAfterMs(): number {
    return this.#options.tellBegunAfterMs;
  }

  get signal(): AbortSignal {
    return this.#options.signal;
  }

  now(): Date {
    return this.#now;
  }

  close(): void {
    this.#isOver = true;
    clearTimeout(this.#patience);
  }

  /** One thing that the program asks for: from the journal, or done now. */
  async perform(
    {
      name,
      kind,
      input,
    }: { readonly name: string; readonly kind: StepKind; readonly input?: unknown },
    work: (doing: Doing) => Promise<unknown>,
  ): Promise<unknown> {
    if (this.#isOver) return NEVER;
    const { replay, patienceMs } = this.#options;
    const ordinal = replay.ask(name);
    this.#asked += 1;
    const inputDigest = input === undefined ? null : await sha256(JSON.stringify(input) ?? 'null');
    const asked: AskedStep = { name, ordinal, kind, inputDigest };
    const decision = replay.decide(asked);
    if (replay.isThrough) this.#release();
    if (decision.kind === 'answer') return this.#answer(decision.step);
    if (decision.kind === 'differs') {
      return this.#stop(new NonDeterministic(decision.expected, decision.found));
    }
    if (decision.kind === 'hold') {
      await new Promise<void>((go) => {
        this.#held.push({ asked, go });
        this.#watchHeld(patienceMs);
      });
    }
    if (this.#isOver) return NEVER;
    this.#running += 1;
    try {
      return await work(this.#doing(asked, decision.begun));
    } finally {
      this.#running -= 1;
      this.#lookIdle();
    }
  }

  /** What has failed a program: its failed step is done anew by the next attempt, unless the program went on. */
  async reopen(error: unknown): Promise<WorkflowEnd> {
    const failed = failedStepOf(error);
    if (failed === null || failed.isFinal || this.#failures.get(failed) !== this.#asked) {
      return { kind: 'failed', error, retry: false };
    }
    const at = failed.step.lastIndexOf('#');
    const name = { name: failed.step.slice(0, at), ordinal: Number(failed.step.slice(at + 1)) };
    const started_at = this.#now.toISOString();
    try {
      await this.#options.journal.write({ ...name, kind: 'step', state: 'retrying', started_at });
    } catch (thrown) {
      return { kind: 'failed', error: thrown, retry: false };
    }
    return { kind: 'failed', error, retry: true };
  }

  #doing(asked: AskedStep, begun: JournaledStep | null): Doing {
    const { journal, redact, wallClock } = this.#options;
    const { name, ordinal, kind, inputDigest } = asked;
    const key = keyOf(asked);
    const startedAt = wallClock().toISOString();
    const write = async (news: StepNews): Promise<void> => {
      const record = { name, ordinal, kind, started_at: startedAt, ...news };
      try {
        await journal.write(
          inputDigest === null ? record : { ...record, input_digest: inputDigest },
        );
      } catch (error) {
        await this.#stop(error);
      }
    };
    const finish = async (news: StepNews): Promise<void> => {
      const endedAt = wallClock();
      await write({ ...news, ended_at: endedAt.toISOString() }); // J1
      this.#pass(endedAt);
    };
    return {
      key,
      begun,
      write,
      complete: async (value, tries = 1) => {
        // As it will be read: the program sees the same at first and again.
        const result = redact(JSON.parse(JSON.stringify(value ?? null)) as unknown);
        await finish({ state: 'completed', result, tries });
        return result;
      },
      fail: async ({ message, cause, isFinal, tries = 1 }) => {
        const error = String(redact(message)).slice(0, ERROR_LENGTH_MAX);
        await finish({ state: 'failed', error, is_final: isFinal, tries });
        throw this.#failed(new StepFailed(key, error, { cause, isFinal }));
      },
      park: async (wait, result) => {
        const begin = (): Promise<void> => write({ state: 'waiting', result });
        this.#parked.push({ wait, begin });
        this.#running -= 1;
        this.#lookIdle();
        return NEVER;
      },
    };
  }

  #answer(step: JournaledStep): unknown {
    this.#pass(new Date(step.ended_at ?? step.started_at));
    if (step.state === 'completed') return step.result;
    const failure = new StepFailed(keyOf(step), step.error ?? 'no reason', {
      isFinal: step.is_final,
    });
    throw this.#failed(failure);
  }

  #failed(failure: StepFailed): StepFailed {
    this.#failures.set(failure, this.#asked);
    return failure;
  }

  #pass(at: Date): void {
    if (at > this.#now) this.#now = at;
  }

  /** The attempt ends here, whatever the program would do. */
  #stop(error: unknown): Promise<never> {
    this.#isOver = true;
    this.#end.resolve({ kind: 'failed', error, retry: false });
    return NEVER;
  }

  #release(): void {
    clearTimeout(this.#patience);
    const held = this.#held;
    this.#held = [];
    for (const { go } of held) go();
  }

  /** R2. Nobody has asked for anything for so long: what is missing will not come. */
  #watchHeld(patienceMs: number): void {
    clearTimeout(this.#patience);
    const asked = this.#asked;
    this.#patience = setTimeout(() => {
      const [first] = this.#held;
      const { expected } = this.#options.replay;
      if (first === undefined || expected === null) return;
      if (this.#asked !== asked) return this.#watchHeld(patienceMs);
      void this.#stop(new NonDeterministic(expected, describe(first.asked)));
    }, patienceMs);
  }

  /** J3. Only waits are left, and two turns have brought nothing new. */
  #lookIdle(): void {
    const asked = this.#asked;
    const isIdle = (): boolean =>
      this.#running === 0 && this.#held.length === 0 && this.#asked === asked && !this.#isOver;
    if (this.#parked.length === 0 || !isIdle()) return;
    const { replay, patienceMs } = this.#options;
    setTimeout(() => {
      if (!isIdle()) return;
      // R2. What is missing may still come.
      setTimeout(
        () => (isIdle() ? void this.#beginWait() : null),
        replay.isThrough ? 0 : patienceMs,
      );
    }, 0);
  }

  async #beginWait(): Promise<void> {
    const [first] = this.#parked;
    const { expected } = this.#options.replay;
    if (first === undefined || this.#isOver) return;
    this.#isOver = true;
    if (expected !== null) {
      await this.#stop(new NonDeterministic(expected, `a wait for ${first.wait.name}`));
    }
    await first.begin();
    this.#end.resolve({ kind: 'waits', wait: first.wait });
  }
}
