import type { Command } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';
import { showOperation } from './begin-operation.ts';

interface FilterFlags extends ConnectionFlags {
  readonly pool?: string;
  readonly model?: string;
  readonly errorClass?: string;
  readonly olderThan?: number;
}

interface ListFlags extends FilterFlags {
  readonly all?: boolean;
  readonly limit: number;
  readonly cursor?: string;
}

interface ManyFlags extends FilterFlags {
  readonly all?: boolean;
  readonly dryRun?: boolean;
}

export function deadLettersCommand(around: Surroundings): Command {
  return group('dead-letters', 'Runs that nobody will try again', {
    commands: [
      act<ListFlags>(
        filtered(serverCommand('list', 'List them, newest first'))
          .option('--all', 'also those that were redriven or discarded')
          .option('--limit <n>', 'how many, up to 200', integer, 50)
          .option('--cursor <cursor>', 'next_cursor of the page before'),
        around,
        list,
      ),
      act(serverCommand('show', 'Show one').argument('<run>', 'its id', id), around, show),
      act<ManyFlags>(many('redrive', 'Repeat one, or all that the flags name'), around, redrive),
      act<ManyFlags>(many('discard', 'Take one off the list, or all'), around, discard),
    ],
    examples: [
      'sagewai fleet dead-letters list --error-class rate_limited',
      'sagewai fleet dead-letters redrive --pool gpu --older-than 1h --dry-run',
      'sagewai fleet dead-letters redrive ID',
    ],
  });
}

function filtered(command: Command): Command {
  return command
    .option('--pool <pool>', 'of one pool')
    .option('--model <model>', 'of one model')
    .option('--error-class <class>', 'such as timeout or rate_limited')
    .option('--older-than <duration>', 'dead for at least so long', durationSeconds);
}

function many(name: string, description: string): Command {
  return filtered(serverCommand(name, description))
    .argument('[run]', 'the id of one', id)
    .option('--all', 'all of them')
    .option('--dry-run', 'only tell how many, and name some');
}

const filterOf = ({ project, pool, model, errorClass, olderThan }: FilterFlags) => ({
  ...(project === undefined ? {} : { project }),
  ...(pool === undefined ? {} : { pool }),
  ...(model === undefined ? {} : { model }),
  ...(errorClass === undefined ? {} : { error_class: errorClass }),
  ...(olderThan === undefined ? {} : { older_than_seconds: olderThan }),
});

/** Nobody does it to all of them by forgetting a flag. */
function demandFilter(flags: ManyFlags): ReturnType<typeof filterOf> {
  const filter = filterOf(flags);
  if (Object.keys(filter).length === 0 && flags.all !== true) {
    throw new UsageError('say which: an id, --pool, --model, --error-class, --older-than or --all');
  }
  return filter;
}

async function list(context: Context, flags: ListFlags): Promise<void> {
  const { all, limit, cursor } = flags;
  const answer = await context.client.call('fleet.listDeadLetters', {
    query: {
      ...filterOf(flags),
      limit,
      ...(all === true ? { all } : {}),
      ...(cursor === undefined ? {} : { cursor }),
    },
  });
  const rows = answer.dead_letters.map((one) => [
    one.run_id,
    one.cause,
    one.pool,
    one.model,
    one.error_class,
    String(one.attempts),
    showAge(one.died_at, context.now()),
    one.error,
  ]);
  const headings = ['run', 'cause', 'pool', 'model', 'class', 'attempts', 'died', 'error'];
  context.show(answer, printColumns(headings, rows));
  if (answer.next_cursor !== null) context.terminal.note(`More: --cursor ${answer.next_cursor}`);
}

async function show(context: Context, _: unknown, [run = '']: readonly string[]): Promise<void> {
  const one = await context.client.call('fleet.getDeadLetter', { params: { run_id: run } });
  const lines = Object.entries(one)
    .filter(([, value]) => value !== null)
    .map(([name, value]) => `${name.padEnd(13)} ${value}`);
  context.show(one, lines.join('\n'));
}

async function redrive(
  context: Context,
  flags: ManyFlags,
  [run]: readonly string[],
): Promise<void> {
  if (run !== undefined) {
    demandWet(flags);
    const made = await context.client.call('fleet.redriveDeadLetter', { params: { run_id: run } });
    context.show(made, made.run_id);
    if (!made.created) context.terminal.note('It had been redriven before.');
    return;
  }
  const body = { filter: demandFilter(flags), dry_run: flags.dryRun ?? false };
  const begun = await context.client.call('fleet.redriveDeadLetters', { body });
  await showOperation(context, { what: 'redrive', begun });
}

async function discard(
  context: Context,
  flags: ManyFlags,
  [run]: readonly string[],
): Promise<void> {
  if (run !== undefined) {
    demandWet(flags);
    const gone = await context.client.call('fleet.discardDeadLetter', { params: { run_id: run } });
    context.show(gone, `Discarded ${run}.`);
    return;
  }
  const body = { filter: demandFilter(flags), dry_run: flags.dryRun ?? false };
  const begun = await context.client.call('fleet.discardDeadLetters', { body });
  await showOperation(context, { what: 'discard', begun });
}

function demandWet({ dryRun }: ManyFlags): void {
  if (dryRun === true) throw new UsageError('--dry-run is for many; `show` tells of one');
}
