import { randomUUID } from 'node:crypto';

import type { Submission } from '@sagewai/sdk';

import type { Context } from '../context.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';
import { exitFor, showRun, waitForEnd } from './watch-run.ts';

export interface WorkflowWish {
  readonly workflow: string;
  /** JSON itself, a file, or - for stdin. */
  readonly input: string | undefined;
  readonly idempotencyKey: string | undefined;
  readonly wait: boolean;
  /** Where and how, as of any run. */
  readonly common: Omit<Submission, 'payload'>;
}

/** Submits a run to a workflow by its name. */
export async function submitWorkflow(context: Context, wish: WorkflowWish): Promise<void> {
  const { workflow, common } = wish;
  const created = await context.client.call(
    'workflows.submitRun',
    { params: { workflow }, body: { ...common, input: await inputOf(wish.input) } },
    { idempotencyKey: wish.idempotencyKey ?? randomUUID() },
  );
  if (!wish.wait) {
    context.show(created, created.id);
    if (created.warning !== undefined) {
      context.terminal.note(`Nobody can take it now: ${created.warning}`);
    }
    context.terminal.note(`Its steps: sagewai runs timeline ${created.id}`);
    return;
  }
  context.terminal.note(`submitted ${created.id}`);
  const run = await waitForEnd(context, created.id, ({ state }) => context.terminal.note(state));
  context.show(run, showRun(run));
  context.end(exitFor(run.state));
}

async function inputOf(given: string | undefined): Promise<unknown> {
  if (given === undefined) return null;
  const own = parse(given);
  if (own.kind === 'json') return own.value;
  const read = parse(await readInput(given));
  if (read.kind === 'json') return read.value;
  throw new UsageError(`--input: ${given} is no JSON`);
}

function parse(text: string): { kind: 'json'; value: unknown } | { kind: 'none' } {
  try {
    return { kind: 'json', value: JSON.parse(text) as unknown };
  } catch {
    return { kind: 'none' };
  }
}
