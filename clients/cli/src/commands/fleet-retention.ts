import type { Command } from 'commander';

import { act, group, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

interface SetFlags extends ConnectionFlags {
  readonly days?: number;
  readonly default?: boolean;
}

export function retentionCommand(around: Surroundings): Command {
  return group('retention', 'How long runs are kept after their end', {
    commands: [
      act(serverCommand('show', 'Show it for all projects'), around, show),
      act<SetFlags>(
        serverCommand('set', 'Keep the runs of one project for fewer days')
          .argument('<project>', 'its name or id')
          .option('--days <n>', 'days after the end of a run', integer)
          .option('--default', 'as long as the server does'),
        around,
        set,
      ),
    ],
    examples: ['sagewai fleet retention set drafts --days 3'],
  });
}

async function show(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.getRetention', {});
  const rows = answer.projects.map(({ project, days }) => [project, String(days)]);
  rows.push(['every other', String(answer.days)]);
  context.show(answer, printColumns(['project', 'days'], rows));
}

async function set(
  context: Context,
  flags: SetFlags,
  [project = '']: readonly string[],
): Promise<void> {
  if ((flags.days === undefined) !== (flags.default === true)) {
    throw new UsageError('say --days or --default');
  }
  const days = flags.days ?? null;
  const answer = await context.client.call('fleet.setRetention', {
    params: { project },
    body: { days },
  });
  const kept = days === null ? 'as long as the server does' : `for ${days} days`;
  context.show(answer, `The runs of ${project} are kept ${kept}.`);
}
