import type { CallInput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { durationSeconds } from '../read-duration.ts';
import { UsageError } from '../usage-error.ts';
import { fromFile, type NewTrigger, optional, secretOf } from './trigger-of-line.ts';

type Change = NonNullable<CallInput<'triggers.updateTrigger'>['body']>;

interface ChangeFlags extends ConnectionFlags {
  readonly name?: string;
  readonly run?: string;
  readonly filter?: string;
  readonly poll?: string;
  readonly every?: number;
  readonly items?: string;
  readonly itemKey?: string;
  readonly first?: 'skip' | 'start';
  readonly secretFile?: string;
  readonly header?: string;
  readonly deliveryId?: string;
  readonly perMinute?: number;
  readonly tolerance?: number;
  readonly cron?: string;
  readonly timeZone?: string;
}

export function updateTriggerCommand(around: Surroundings): Command {
  const command = serverCommand('update', 'Change a trigger; what is not said stays')
    .argument('<trigger>', 'its name or id')
    .option('--name <name>', 'another name')
    .option('--run <file>', 'what is submitted, as JSON')
    .option('--filter <file>', 'conditions, as JsonLogic; null: none')
    .option('--poll <url>', 'of a poller: the address that is asked')
    .option('--every <duration>', 'of a poller: how often', durationSeconds)
    .option('--items <pointer>', 'of a poller: where the items stand')
    .option('--item-key <pointer>', 'of a poller: where an item says which it is')
    .addOption(
      new Option('--first <what>', 'of a poller: what the items of the first poll do').choices([
        'skip',
        'start',
      ]),
    )
    .option('--secret-file <file>', 'of a poller: its secret (- for stdin); for another host again')
    .option('--header <name>', 'of a poller, or a webhook of the scheme hmac: which header')
    .option('--delivery-id <pointer>', 'of a webhook (hmac, bearer): which delivery it is')
    .option('--per-minute <n>', 'of a webhook: so many deliveries', integer)
    .option('--tolerance <duration>', 'of a webhook: how far off its time may be', durationSeconds)
    .option('--cron <expression>', 'by the clock: minute, hour, day, month, day of week')
    .option('--time-zone <zone>', 'by the clock: such as Europe/Berlin');
  return act<ChangeFlags>(command, around, change);
}

async function change(
  context: Context,
  flags: ChangeFlags,
  [trigger = '']: readonly string[],
): Promise<void> {
  const secret = await secretOf(flags.secretFile);
  const body: Change = {
    ...optional({ name: flags.name, secret }),
    ...(flags.run === undefined ? {} : { run: (await fromFile(flags.run)) as NewTrigger['run'] }),
    ...(flags.filter === undefined ? {} : { filter: await fromFile(flags.filter) }),
    ...(await optionsOf(context, flags, trigger)),
  };
  const params = { trigger };
  const changed = await context.client.call('triggers.updateTrigger', { params, body });
  context.show(changed, `Changed ${changed.name}.`);
}

/** With those that it has: the server takes them all together. */
async function optionsOf(
  { client }: Context,
  flags: ChangeFlags,
  trigger: string,
): Promise<Pick<Change, 'webhook' | 'poller' | 'cron'>> {
  const { header } = flags;
  const poller = optional({
    url: flags.poll,
    every_seconds: flags.every,
    items: flags.items,
    item_key: flags.itemKey,
    first_poll: flags.first,
  });
  const webhook = optional({
    delivery_id: flags.deliveryId,
    per_minute: flags.perMinute,
    tolerance_seconds: flags.tolerance,
  });
  const cron = optional({ cron: flags.cron, time_zone: flags.timeZone });
  const said = { poller, webhook, cron };
  const isSaid = Object.values(said).some((of) => Object.keys(of).length > 0);
  if (!isSaid && header === undefined) return {};
  const old = await client.call('triggers.getTrigger', { params: { trigger } });
  for (const kind of ['poller', 'webhook', 'cron'] as const) {
    const [first] = Object.keys(said[kind]);
    if (first === undefined || kind === old.kind) continue;
    throw new UsageError(`${trigger} is a ${old.kind}: ${first} is of a ${kind}`);
  }
  const ofHeader = optional({ header });
  if (old.poller !== null) return { poller: { ...old.poller, ...poller, ...ofHeader } };
  if (old.webhook !== null) return { webhook: { ...old.webhook, ...webhook, ...ofHeader } };
  if (header !== undefined) throw new UsageError('--header is of a poller or a webhook');
  return old.cron === null ? {} : { cron: { ...old.cron, ...cron } };
}
