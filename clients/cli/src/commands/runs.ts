import type { CallInput, CallOutput } from '@sagewai/sdk';
import { Command } from 'commander';

import { act, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge, showDuration } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';
import { submitCommand } from './submit-runs.ts';
import { exitFor, type RunDetail, showRun, waitForEnd } from './watch-run.ts';

type Run = CallOutput<'runs.listRuns'>['runs'][number];

interface ListFlags extends ConnectionFlags {
  readonly state?: string;
  readonly limit: number;
  readonly cursor?: string;
}

const STATES = ['queued', 'running', 'waiting', 'completed', 'failed', 'cancelled'] as const;

export function runsCommand(around: Surroundings): Command {
  return new Command('runs')
    .description('Submit, list, watch and cancel runs')
    .addCommand(submitCommand(around))
    .addCommand(
      act<ListFlags>(
        serverCommand('list', 'List runs, newest first')
          .option('--state <state>', STATES.join(', '))
          .option('--limit <n>', 'how many, up to 200', integer, 50)
          .option('--cursor <cursor>', 'next_cursor of the page before'),
        around,
        listRuns,
      ),
    )
    .addCommand(
      act(
        serverCommand('get', 'Show a run').argument('<id>'),
        around,
        async (context, _, [id = '']) => {
          const run = await context.client.call('runs.getRun', { params: { run_id: id } });
          context.show(run, showRun(run));
        },
      ),
    )
    .addCommand(
      act(
        serverCommand('watch', 'Wait for the end of a run, and show it').argument('<id>'),
        around,
        async (context, _, [id = '']) => {
          const tell = (seen: RunDetail): void =>
            context.terminal.note(
              `${seen.state}${seen.worker_name ? ` on ${seen.worker_name}` : ''}`,
            );
          const run = await waitForEnd(context, id, tell, { isUp: false });
          context.show(run, showRun(run));
          process.exitCode = exitFor(run.state);
        },
      ),
    )
    .addCommand(
      act(
        serverCommand('cancel', 'Cancel a run').argument('<id>'),
        around,
        async (context, _, [id = '']) => {
          const answer = await context.client.call('runs.cancelRun', { params: { run_id: id } });
          const told =
            answer.state === 'running' ? 'Its worker is told to stop.' : `It is ${answer.state}.`;
          context.show(answer, told);
        },
      ),
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
    ...(state ? { state: knownState(state) } : {}),
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

function knownState(text: string): Run['state'] {
  const known = STATES.find((state) => state === text);
  if (!known) throw new UsageError(`--state: expected one of ${STATES.join(', ')}`);
  return known;
}

function tookOf({ started_at, finished_at }: Run): string | null {
  if (started_at === null || finished_at === null) return null;
  const ms = Date.parse(finished_at) - Date.parse(started_at);
  return ms < 1_000 ? `${ms}ms` : showDuration(ms);
}
