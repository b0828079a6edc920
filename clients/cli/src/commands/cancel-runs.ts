import { type Command, Option } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { durationSeconds } from '../read-duration.ts';
import { UsageError } from '../usage-error.ts';
import { showOperation } from './begin-operation.ts';

const STATES = ['queued', 'scheduled', 'running', 'waiting'] as const;

interface CancelFlags extends ConnectionFlags {
  readonly state?: (typeof STATES)[number];
  readonly pool?: string;
  readonly model?: string;
  readonly olderThan?: number;
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

export function cancelCommand(around: Surroundings): Command {
  const command = serverCommand('cancel', 'Cancel a run, or all that the flags name')
    .argument('[id]', 'the id of one', id)
    .addOption(new Option('--state <state>', 'where they are').choices(STATES))
    .option('--pool <pool>', 'of one pool')
    .option('--model <model>', 'of one model')
    .option('--older-than <duration>', 'submitted at least so long ago', durationSeconds)
    .option('--all', 'all that are not over')
    .option('--dry-run', 'only tell how many, and name some');
  return act<CancelFlags>(command, around, cancel);
}

async function cancel(
  context: Context,
  flags: CancelFlags,
  [run]: readonly string[],
): Promise<void> {
  const { state, pool, model, olderThan, project, all, dryRun = false } = flags;
  if (run !== undefined) return cancelOne(context, run);
  const filter = {
    ...(project === undefined ? {} : { project }),
    ...(state === undefined ? {} : { state }),
    ...(pool === undefined ? {} : { pool }),
    ...(model === undefined ? {} : { model }),
    ...(olderThan === undefined ? {} : { older_than_seconds: olderThan }),
  };
  if (Object.keys(filter).length === 0 && all !== true) {
    throw new UsageError('say which: an id, --state, --pool, --model, --older-than or --all');
  }
  const begun = await context.client.call('runs.cancelRuns', { body: { filter, dry_run: dryRun } });
  await showOperation(context, { what: 'cancel', begun });
}

async function cancelOne(context: Context, run: string): Promise<void> {
  const answer = await context.client.call('runs.cancelRun', { params: { run_id: run } });
  const isRunning = answer.state === 'running' || answer.state === 'waiting';
  context.show(answer, isRunning ? 'Its worker is told to stop.' : `It is ${answer.state}.`);
}
