import type { Workflow } from './context.ts';
import { type Journal, type JournaledStep, keyOf, type StepRecord } from './journal.ts';
import { runWorkflow, type WorkflowOptions } from './run-workflow.ts';
import type { WorkflowEnd } from './workflow-end.ts';

const AT = '2026-11-28T10:00:00.000Z';

export function journaledStep(name: string, more: Partial<JournaledStep> = {}): JournaledStep {
  return {
    seq: 1,
    change: 1,
    name,
    ordinal: 0,
    kind: 'step',
    state: 'completed',
    input_digest: null,
    result: null,
    result_digest: null,
    error: null,
    is_final: false,
    tries: 1,
    started_at: AT,
    ended_at: AT,
    attempt: 1,
    epoch: 1,
    worker_id: null,
    ...more,
  };
}

/** Thrown where a worker dies: nothing that comes after it is heard of. */
export class Killed extends Error {}

/** A journal in memory that keeps what the server keeps (D2), over many attempts. */
export class Shelf {
  readonly steps = new Map<string, JournaledStep>();
  epoch = 0;
  change = 0;

  /**
   * The journal as the next attempt finds it. After `writesMax` writes its worker is dead; that a slow step is under way
   * counts as none.
   */
  open(writesMax = Number.POSITIVE_INFINITY, resumed: Journal['resumed'] = null): Journal {
    this.epoch += 1;
    const { epoch } = this;
    let writes = 0;
    return {
      runId: 'run',
      seed: 'run',
      startedAt: new Date(AT),
      steps: [...this.steps.values()],
      resumed,
      write: async (record) => {
        // That a slow step has begun is told for people: how many are slow must not decide where it dies.
        if (record.state !== 'running') writes += 1;
        if (writes > writesMax) throw new Killed();
        this.#keep(record, epoch);
      },
    };
  }

  #keep({ name, ordinal, ...said }: StepRecord, epoch: number): void {
    const key = keyOf({ name, ordinal });
    const before = this.steps.get(key);
    this.change += 1;
    const isOver = before?.state === 'completed' || before?.state === 'failed';
    if (isOver && !(before.state === 'failed' && said.state === 'retrying')) return;
    const seq = before?.seq ?? this.change;
    const result = said.result === undefined ? null : (said.result as unknown);
    this.steps.set(
      key,
      journaledStep(name, { ...said, ordinal, result, seq, change: this.change, epoch }),
    );
  }
}

const NO_CHILDREN: WorkflowOptions['children'] = {
  submit: () => Promise.reject(new Error('no children here')),
  find: () => Promise.resolve(null),
};

export function attempt<Input>(
  workflow: Workflow<Input, unknown>,
  journal: Journal,
  more: Partial<WorkflowOptions> & { readonly input?: Input } = {},
): Promise<WorkflowEnd> {
  const { input, ...options } = more;
  return runWorkflow(workflow, input as Input, {
    journal,
    signal: new AbortController().signal,
    children: NO_CHILDREN,
    patienceMs: 30,
    ...options,
  });
}
