import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { UsageError } from '../usage-error.ts';

interface RotateFlags extends ConnectionFlags {
  readonly every?: string;
  readonly never?: boolean;
  readonly grace?: string;
}

export function rotateCommand(around: Surroundings): Command {
  return act<RotateFlags>(
    serverCommand('rotate', 'Give a virtual key a new value, now or by itself from now on')
      .argument('<id>', 'its id', id)
      .option('--every <duration>', 'by itself, such as 30d; `key collect` tells each new value')
      .option('--never', 'not by itself any more')
      .option('--grace <duration>', 'the old value is good for so long beside the new one, as 24h'),
    around,
    (context, flags, [key = '']) => rotate(context, flags, key),
  );
}

export function collectCommand(around: Surroundings): Command {
  return act(
    serverCommand('collect', 'Show the value that a key got by itself; it is shown once').argument(
      '<id>',
      'its id',
      id,
    ),
    around,
    async (context, _, [key = '']) => {
      const told = await context.client.call('litellm.collectKey', { params: { key } });
      context.show(told, told.key);
      context.terminal.note(formerText(told));
    },
  );
}

async function rotate(context: Context, flags: RotateFlags, key: string): Promise<void> {
  const { every, never, grace } = flags;
  const isByItself = every !== undefined || never === true;
  if (isByItself && grace !== undefined) throw new UsageError('--grace is for a rotation now');
  if (every !== undefined && never === true) throw new UsageError('--every or --never, not both');
  if (!isByItself) {
    const body = grace === undefined ? {} : { grace_period: grace };
    const made = await context.client.call('litellm.regenerateKey', { params: { key }, body });
    context.show(made, made.key);
    context.terminal.note(formerText(made));
    return;
  }
  const said =
    every === undefined ? { auto_rotate: false } : { auto_rotate: true, rotation_interval: every };
  const changed = await context.client.call('litellm.updateKey', { body: { key, ...said } });
  const next = changed.key_rotation_at;
  context.show(changed, next === null ? 'It does not rotate by itself.' : `Rotates at ${next}.`);
}

function formerText(of: Pick<CallOutput<'litellm.collectKey'>, 'former_value_until'>): string {
  const until = of.former_value_until;
  const former =
    until === null ? 'The former value is dead.' : `The former value is good until ${until}.`;
  return `Store it now: it is not shown again. ${former}`;
}
