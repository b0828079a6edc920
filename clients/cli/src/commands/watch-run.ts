import type { CallOutput } from '@sagewai/sdk';

import type { Context } from '../context.ts';
import { EXIT, type ExitCode } from '../exit-code.ts';
import { showProgress } from './follow-events.ts';

export type RunDetail = CallOutput<'runs.getRun'>;

const ENDED: readonly RunDetail['state'][] = ['completed', 'failed', 'cancelled'];
const WAIT_MS = 30_000;
const ATTEMPTS_MAX = 20;

export const hasEnded = (run: Pick<RunDetail, 'state'>): boolean => ENDED.includes(run.state);

export const exitFor = (state: RunDetail['state']): ExitCode =>
  state === 'completed' ? EXIT.ok : EXIT.error;

/**
 * Asks with long polls until the run has ended; `onChange` is told each state once. A server that has
 * answered before (`isUp`) and is away now restarts, and is waited for.
 */
export async function waitForEnd(
  { client }: Pick<Context, 'client'>,
  id: string,
  onChange: (run: RunDetail) => void = () => undefined,
  { isUp = true }: { isUp?: boolean } = {},
): Promise<RunDetail> {
  const patient = { timeoutMs: WAIT_MS + 10_000, attemptsMax: ATTEMPTS_MAX };
  let run = await client.call('runs.getRun', { params: { run_id: id } }, isUp ? patient : {});
  onChange(run);
  while (!hasEnded(run)) {
    const known = run.state;
    const query = { wait_ms: WAIT_MS, known_state: known };
    run = await client.call('runs.getRun', { params: { run_id: id }, query }, patient);
    if (run.state !== known) onChange(run);
  }
  return run;
}

/** A run for people: what it was, where it ran, what it cost, and what came out. */
export function showRun(run: RunDetail): string {
  const facts: (readonly [string, string | number | null])[] = [
    ['run', run.id],
    ['state', run.state],
    ['worker', run.worker_name ?? run.worker_id],
    ['model', run.models_used.join(', ') || run.model],
    ['tokens', `${run.input_tokens} in, ${run.output_tokens} out, ${run.calls} calls`],
    ['cost', `$${run.cost_usd}`],
    [
      'waits for',
      run.waiting && `${run.waiting.for} ${run.waiting.name}: ${run.waiting.prompt ?? ''}`,
    ],
    ['progress', run.progress ? showProgress(run.progress) : null],
    ['attempt', `${run.attempt} of ${run.max_attempts}`],
    ['created', run.created_at],
    ['finished', run.finished_at],
    ['waits for', run.scheduled_for],
    ['error', run.error],
    ['class', run.error_class],
    ['repeats', run.redrive_of],
    ['parent', run.parent_run_id],
    ...earlierAttempts(run),
  ];
  const lines = facts
    .filter(([, value]) => value !== null && value !== '')
    .map(([name, value]) => `${name.padEnd(9)} ${value}`);
  const output = showOutput(run.output);
  return output ? `${lines.join('\n')}\n\n${output}` : lines.join('\n');
}

/** What went before the attempt that the facts tell of; all of it, while the run waits for another. */
function earlierAttempts({ attempts, attempt: last, state }: RunDetail): [string, string][] {
  return attempts
    .filter(({ attempt }) => attempt < last || state === 'queued')
    .map(({ attempt, worker_name: worker, error_class: kind, error }) => [
      `try ${attempt}`,
      [worker, kind, error].filter(Boolean).join(': '),
    ]);
}

function showOutput(output: unknown): string {
  if (output === null || output === undefined) return '';
  if (typeof output === 'object' && 'message' in output && typeof output.message === 'string') {
    return output.message;
  }
  return JSON.stringify(output, null, 2);
}
