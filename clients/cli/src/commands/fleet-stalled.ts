import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { showAge } from '../show-duration.ts';

interface LookFlags extends ConnectionFlags {
  readonly after: number;
  readonly requeue?: boolean;
}

export function stalledCommand(around: Surroundings): Command {
  return group('stalled', 'Runs whose worker is alive and that make no progress', {
    commands: [
      act(serverCommand('list', 'List them, the longest quiet first'), around, list),
      act<LookFlags>(
        serverCommand('watch-pool', 'Look for them in a pool')
          .argument('<pool>', 'its name', id)
          .requiredOption('--after <duration>', 'how long a run may be quiet', durationSeconds)
          .option('--requeue', 'and give them to another worker; the attempt counts'),
        around,
        watchPool,
      ),
      act(
        serverCommand('ignore-pool', 'Look no more').argument('<pool>', 'its name', id),
        around,
        ignorePool,
      ),
    ],
    examples: ['sagewai fleet stalled watch-pool gpu --after 10m'],
  });
}

async function list(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listStalled', {});
  const rows = answer.runs.map((run) => [
    run.run_id,
    run.pool,
    run.worker_name,
    showAge(run.quiet_since, context.now()),
  ]);
  context.show(answer, printColumns(['run', 'pool', 'worker', 'last heard of'], rows));
}

async function watchPool(
  context: Context,
  { after, requeue = false }: LookFlags,
  [pool = '']: readonly string[],
): Promise<void> {
  const body = { no_progress_seconds: after, requeue };
  const answer = await context.client.call('fleet.setPoolProgress', { params: { pool }, body });
  context.show(answer, `${pool}: a run that is quiet for ${after} s is stalled`);
}

async function ignorePool(
  context: Context,
  _: ConnectionFlags,
  [pool = '']: readonly string[],
): Promise<void> {
  const body = { no_progress_seconds: null };
  const answer = await context.client.call('fleet.setPoolProgress', { params: { pool }, body });
  context.show(answer, `${pool}: only runs that ask for it are looked at`);
}
