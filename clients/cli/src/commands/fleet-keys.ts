import { type CallInput, SagewaiError } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { showAge } from '../show-duration.ts';

interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly maxUses?: number;
  readonly expires?: number;
  readonly allowedPools?: string[];
  readonly allowedModels?: string[];
  readonly pools?: string[];
  readonly models?: string[];
  readonly allowedLabels?: string[];
  readonly allowedCidrs?: string[];
  readonly autoApprove: boolean;
  readonly singleUse?: boolean;
}

interface RotateFlags extends ConnectionFlags {
  readonly overlap?: number;
}

export function enrollmentKeyCommands(around: Surroundings): Command[] {
  return [
    act<CreateFlags>(
      serverCommand('create-key', 'Create an enrollment key; it is shown once')
        .requiredOption('--name <name>', 'what the key is for')
        .option('--max-uses <n>', 'workers it may enroll (default: any number)', integer)
        .option('--expires <duration>', 'such as 7d, 24h, 1d12h (default: never)', durationSeconds)
        .option('--allowed-pools <pools>', 'by comma (default: any)', list)
        .option('--allowed-models <models>', 'by comma (default: any)', list)
        .option('--allowed-labels <labels>', 'such as region=eu,tier=* (default: any)', list)
        .option('--allowed-cidrs <ranges>', 'such as 10.0.0.0/8 (default: from anywhere)', list)
        .option('--no-auto-approve', 'its workers wait for a person all the same')
        .option('--single-use', 'one pod, one worker: the same as --max-uses 1')
        .option('--pools <pools>', 'the same as --allowed-pools', list)
        .option('--models <models>', 'the same as --allowed-models', list),
      around,
      createKey,
    ),
    act(serverCommand('list-keys', 'List enrollment keys'), around, listKeys),
    act<RotateFlags>(
      serverCommand('rotate-key', 'Give an enrollment key a new value; it is shown once')
        .argument('<id>', 'its id', id)
        .option(
          '--overlap <duration>',
          'how long the old value is taken, such as 1h (default: not at all)',
          durationSeconds,
        ),
      around,
      rotateKey,
    ),
    act(
      serverCommand('revoke-key', 'Revoke an enrollment key; its workers stay').argument(
        '<id>',
        'its id',
        id,
      ),
      around,
      async (context, _, [key = '']) => {
        await context.client.call('fleet.revokeEnrollmentKey', { params: { key_id: key } });
        context.show({ id: key, revoked: true }, `Revoked ${key}.`);
      },
    ),
  ];
}

async function createKey(context: Context, flags: CreateFlags): Promise<void> {
  const body: CallInput<'fleet.createEnrollmentKey'>['body'] = {
    name: flags.name,
    ...(flags.maxUses === undefined ? {} : { max_uses: flags.maxUses }),
    ...(flags.expires === undefined ? {} : { expires_in_seconds: flags.expires }),
    allowed_pools: flags.allowedPools ?? flags.pools ?? [],
    allowed_models: flags.allowedModels ?? flags.models ?? [],
    ...(flags.allowedLabels === undefined ? {} : { allowed_labels: flags.allowedLabels }),
    ...(flags.allowedCidrs === undefined ? {} : { allowed_cidrs: flags.allowedCidrs }),
    ...(flags.autoApprove ? {} : { auto_approve: false }),
    ...(flags.singleUse === true ? { single_use: true } : {}),
  };
  const create = () => context.client.call('fleet.createEnrollmentKey', { body });
  const created = await create().catch(async (thrown: unknown) => {
    if (!(await createdOrganization(context, thrown))) throw thrown;
    return create();
  });
  context.show(created, created.key);
  context.terminal.note('Store it now: it is not shown again. A worker enrolls with it:');
  context.terminal.note(
    `  sagewai fleet register --gateway ${context.url} --enrollment-key ${created.key}`,
  );
}

/** A platform administrator who names an organization that is not there yet gets it, and is told so. */
async function createdOrganization(context: Context, thrown: unknown): Promise<boolean> {
  const missing = thrown instanceof SagewaiError && thrown.code === 'organization.missing';
  if (!missing || context.organization === undefined) return false;
  try {
    await context.client.call('identity.createOrganization', {
      body: { name: context.organization },
    });
  } catch (denied) {
    // Who may not create it is told what was asked for: there is no such organization.
    if (denied instanceof SagewaiError && denied.status === 403) return false;
    throw denied;
  }
  context.terminal.note(`There was no organization ${context.organization}: created it.`);
  return true;
}

async function rotateKey(
  context: Context,
  { overlap }: RotateFlags,
  [key = '']: readonly string[],
): Promise<void> {
  const rotated = await context.client.call('fleet.rotateEnrollmentKey', {
    params: { key_id: key },
    body: overlap === undefined ? {} : { overlap_seconds: overlap },
  });
  context.show(rotated, rotated.key);
  const until = showAge(rotated.overlap_until, context.now());
  context.terminal.note('Store it now: it is not shown again.');
  context.terminal.note(
    until === null ? 'The old value is not taken any more.' : `The old value ends ${until}.`,
  );
}

async function listKeys(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listEnrollmentKeys', {});
  const rows = answer.keys.map((key) => [
    key.id,
    key.name,
    `${key.current_uses}/${key.max_uses ?? '∞'}`,
    key.revoked ? 'revoked' : (showAge(key.expires_at, context.now()) ?? 'never'),
    key.allowed_pools.join(',') || 'any',
    key.allowed_models.join(',') || 'any',
    key.allowed_labels.join(',') || 'any',
    key.allowed_cidrs.join(',') || 'any',
    key.auto_approve ? 'by itself' : 'by a person',
  ]);
  const headings = [
    'id',
    'name',
    'uses',
    'expires',
    'pools',
    'models',
    'labels',
    'from',
    'approves',
  ];
  context.show(answer, printColumns(headings, rows));
}
