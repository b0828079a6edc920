/**
 * Runs a program against its journal: from its beginning each time, answering what has finished.
 *
 * - J1. A step resolves only after its end stands in the journal. So what the program has seen is seen again,
 *   byte for byte: it is given what was journaled, at first too.
 * - J2. What is left open: an effect whose end could not be journaled (its worker died in between) happens
 *   again, with the same idempotency key.
 * - J3. A program that only waits gives its place up. It is never resumed in memory, only run again.
 */
import type { Workflow, WorkflowContext } from './context.ts';
import { doStep } from './do-step.ts';
import { NonDeterministic } from './errors.ts';
import type { Journal } from './journal.ts';
import { Replay } from './replay.ts';
import { seededRandom } from './seeded-random.ts';
import { Steps } from './steps.ts';
import { createWaits, type WorkflowChildren } from './waits.ts';
import type { WorkflowEnd } from './workflow-end.ts';

export interface WorkflowOptions {
  readonly journal: Journal;
  readonly signal: AbortSignal;
  readonly children: WorkflowChildren;
  /** What is to stand in the journal in place of what a step has answered. */
  readonly redact?: (value: unknown) => unknown;
  /** How long a program may do nothing but what is not a step before it counts as another one (R2). */
  readonly patienceMs?: number;
  /** A sleep that is longer gives the place up. */
  readonly sleepInPlaceMsMax?: number;
  /** A step that takes longer is told of before it ends. */
  readonly tellBegunAfterMs?: number;
  readonly wallClock?: () => Date;
}

const PATIENCE_MS = 1_000;
const SLEEP_IN_PLACE_MS_MAX = 5_000;
const TELL_BEGUN_AFTER_MS = 250;

export async function runWorkflow<Input>(
  workflow: Workflow<Input, unknown>,
  input: Input,
  options: WorkflowOptions,
): Promise<WorkflowEnd> {
  const { journal, signal } = options;
  const replay = new Replay(journal);
  const random = seededRandom(journal.seed);
  const steps = new Steps({
    journal,
    replay,
    signal,
    redact: options.redact ?? ((value) => value),
    patienceMs: options.patienceMs ?? PATIENCE_MS,
    tellBegunAfterMs: options.tellBegunAfterMs ?? TELL_BEGUN_AFTER_MS,
    wallClock: options.wallClock ?? (() => new Date()),
  });
  const waits = createWaits(steps, {
    children: options.children,
    sleepInPlaceMsMax: options.sleepInPlaceMsMax ?? SLEEP_IN_PLACE_MS_MAX,
  });
  const context: WorkflowContext = {
    runId: journal.runId,
    signal,
    step: (name, work, given = {}) => doStep(steps, { name, work }, given),
    ...waits,
    random,
    now: () => steps.now(),
  };
  const program = (async (): Promise<WorkflowEnd> => {
    try {
      const output = await workflow(context, input);
      const { expected } = replay;
      if (expected !== null) throw new NonDeterministic(expected, 'the end of the workflow');
      return { kind: 'completed', output };
    } catch (error) {
      return steps.reopen(error);
    }
  })();
  const end = await Promise.race([program, steps.ended]);
  steps.close();
  return end;
}
