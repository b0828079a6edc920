import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge, showDuration } from '../show-duration.ts';
import { answerCommands } from './answer-run.ts';
import { cancelCommand } from './cancel-runs.ts';
import { explainRun } from './explain-run.ts';
import { followEvents, type RunEvent, showProgress } from './follow-events.ts';
import { childrenCommand } from './run-children.ts';
import { historyCommands } from './run-history.ts';
import { logsCommand } from './run-logs.ts';
import { openedRun, sealKeygenCommand } from './seal-runs.ts';
import { submitCommand } from './submit-runs.ts';
import { exitFor, hasEnded, type RunDetail, showRun, waitForEnd } from './watch-run.ts';

type Run = CallOutput<'runs.listRuns'>['runs'][number];

const STATES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

interface KeyFlags extends ConnectionFlags {
  readonly keyFile?: string;
}

interface ListFlags extends ConnectionFlags {
  readonly state?: (typeof STATES)[number];
  readonly limit: number;
  readonly cursor?: string;
}

export function runsCommand(around: Surroundings): Command {
  return group('runs', 'Submit, list, watch and cancel runs', {
    commands: [
      submitCommand(around),
      listCommand(around),
      oneRun(around, ['get', 'Show a run'], getRun),
      oneRun(around, ['watch', 'Wait for the end of a run, and show it'], watchRun),
      logsCommand(around),
      sealKeygenCommand(around),
      ...answerCommands(around),
      cancelCommand(around),
      childrenCommand(around),
      ...historyCommands(around),
      oneRun(around, ['why', 'Say why a run is not running'], explainRun),
    ],
    examples: [
      'sagewai runs submit --model gpt-4o --message "Summarise the plan" --wait',
      'sagewai runs list --state failed',
      'sagewai runs watch ID',
      'sagewai runs why ID',
      'sagewai runs logs ID -f',
      'sagewai runs approve ID',
      'sagewai runs children ID --tree',
      'sagewai runs replay ID --from charge',
    ],
  });
}

function listCommand(around: Surroundings): Command {
  const command = serverCommand('list', 'List runs, newest first')
    .addOption(new Option('--state <state>', 'in one state').choices(STATES))
    .option('--limit <n>', 'how many, up to 200', integer, 50)
    .option('--cursor <cursor>', 'next_cursor of the page before');
  return act<ListFlags>(command, around, listRuns);
}

function oneRun(
  around: Surroundings,
  [name, description]: readonly [string, string],
  work: (context: Context, run: string, keyFile: string | undefined) => Promise<void>,
): Command {
  const command = serverCommand(name, description)
    .argument('<id>', 'its id', id)
    .option('--key-file <file>', 'reads a sealed run (default: the key that runs submit made)');
  return act<KeyFlags>(command, around, (context, { keyFile }, [run = '']) =>
    work(context, run, keyFile),
  );
}

async function getRun(context: Context, id: string, keyFile: string | undefined): Promise<void> {
  const seen = await context.client.call('runs.getRun', { params: { run_id: id } });
  const run = await openedRun(context, seen, keyFile);
  context.show(run, showRun(run));
}

async function watchRun(context: Context, id: string, keyFile: string | undefined): Promise<void> {
  const over = new AbortController();
  let progress: Promise<void> | undefined;
  const tell = (run: RunDetail): void => {
    const worker = run.worker_name ? ` on ${run.worker_name}` : '';
    context.terminal.note(`${run.state}${worker}${askedOf(run)}`);
    if (!hasEnded(run)) progress ??= tellProgress(context, id, over.signal);
  };
  const ended = await waitForEnd(context, id, tell, { isUp: false }).finally(() => over.abort());
  await progress;
  const run = await openedRun(context, ended, keyFile);
  context.show(run, showRun(run));
  context.end(exitFor(run.state));
}

function askedOf({ id: run, waiting }: RunDetail): string {
  if (waiting === null) return '';
  const prompt = waiting.prompt === null ? '' : ` (${waiting.prompt})`;
  if (waiting.for === 'children') return ' for its children';
  return waiting.for === 'approval'
    ? ` for approval${prompt}: sagewai runs approve ${run}`
    : ` for the signal ${waiting.name}${prompt}`;
}

/** Beside the wait, and for information only: what goes wrong here is no failure of the run. */
async function tellProgress(context: Context, id: string, signal: AbortSignal): Promise<void> {
  const onEvent = ({ kind, fraction, text }: RunEvent): void => {
    if (kind === 'progress') context.terminal.note(showProgress({ fraction, text }));
  };
  await followEvents(context, id, { after: 0, follow: true, signal, onEvent }).catch(
    () => undefined,
  );
}

async function listRuns(
  context: Context,
  { state, limit, cursor, project }: ListFlags,
): Promise<void> {
  const query: NonNullable<CallInput<'runs.listRuns'>['query']> = {
    limit,
    ...(cursor ? { cursor } : {}),
    ...(project ? { project } : {}),
    ...(state ? { state } : {}),
  };
  const answer = await context.client.call('runs.listRuns', { query });
  const rows = answer.runs.map((run) => [
    run.id,
    run.state,
    run.pool,
    run.model,
    run.worker_name,
    run.attempt,
    showAge(run.created_at, context.now()),
    tookOf(run),
    run.error,
  ]);
  const headings = [
    'id',
    'state',
    'pool',
    'model',
    'worker',
    'attempt',
    'created',
    'took',
    'error',
  ];
  context.show(answer, printColumns(headings, rows));
  if (answer.next_cursor !== null) context.terminal.note(`More: --cursor ${answer.next_cursor}`);
}

function tookOf({ started_at, finished_at }: Run): string | null {
  if (started_at === null || finished_at === null) return null;
  const ms = Date.parse(finished_at) - Date.parse(started_at);
  return ms < 1_000 ? `${ms}ms` : showDuration(ms);
}
