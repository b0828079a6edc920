import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

interface RampFlags extends ConnectionFlags {
  readonly pool: string;
  readonly version: string;
  readonly percent: number;
}

interface EndFlags extends ConnectionFlags {
  readonly pool: string;
}

export function versionsCommand(around: Surroundings): Command {
  return group('versions', 'Versions of workers, and how much of the work a new one gets', {
    commands: [
      act(serverCommand('list', 'List the versions that workers say they have'), around, list),
      act<RampFlags>(
        serverCommand('ramp', 'Give a version a share of the runs of a pool that pin none')
          .requiredOption('--pool <pool>', 'which pool')
          .requiredOption('--version <version>', 'as its workers say it')
          .requiredOption('--percent <percent>', '0 (none: it was taken back) to 100', percent),
        around,
        ramp,
      ),
      act<EndFlags>(
        serverCommand('end-ramp', 'Give runs to workers of any version again').requiredOption(
          '--pool <pool>',
          'which pool',
        ),
        around,
        end,
      ),
    ],
    examples: ['sagewai fleet versions ramp --pool gpu --version 2.0 --percent 10'],
  });
}

function percent(text: string): number {
  const share = Number(text);
  if (text.trim() !== '' && Number.isInteger(share) && share >= 0 && share <= 100) return share;
  throw new InvalidArgumentError('expected a whole number from 0 to 100');
}

async function list(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listVersions', {});
  const rows = answer.versions.map(({ pool, version, workers, slots, active, ramp: of }) => [
    pool,
    version ?? '-',
    workers,
    `${active}/${slots}`,
    of === null ? '' : `${of.version === version ? of.percent : 100 - of.percent} %`,
  ]);
  context.show(answer, printColumns(['pool', 'version', 'workers', 'load', 'share'], rows));
}

async function ramp(context: Context, { pool, version, percent: share }: RampFlags): Promise<void> {
  const body = { ramp: { version, percent: share } };
  const answer = await context.client.call('fleet.setRamp', { params: { pool }, body });
  context.show(answer, `${pool}: ${share} % of its runs go to ${version}`);
}

async function end(context: Context, { pool }: EndFlags): Promise<void> {
  const answer = await context.client.call('fleet.setRamp', {
    params: { pool },
    body: { ramp: null },
  });
  context.show(answer, `${pool}: runs go to workers of any version`);
}
