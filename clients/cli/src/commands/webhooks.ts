import { type Command, Option } from 'commander';

import { act, group, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';

const STATES = ['pending', 'delivered', 'failed'] as const;

interface ChangeFlags extends ConnectionFlags {
  readonly name?: string;
  readonly to?: string;
  readonly events?: string[];
  readonly enable?: boolean;
  readonly disable?: boolean;
}

interface FilterFlags extends ConnectionFlags {
  readonly state?: (typeof STATES)[number];
  readonly type?: string;
  readonly limit?: number;
  readonly delivery?: string;
}

export function webhooksCommand(around: Surroundings): Command {
  const ofWebhook = (name: string, description: string): Command =>
    serverCommand(name, description).argument('<id>', 'of the webhook', id);
  const filtered = (command: Command): Command =>
    command
      .addOption(new Option('--state <state>', 'only these').choices(STATES))
      .option('--type <type>', 'only this event');
  return group('webhooks', 'Addresses that are told what happens', {
    commands: [
      act(serverCommand('list', 'List who is told what'), around, listWebhooks),
      act(serverCommand('events', 'What can be told'), around, listEvents),
      act<{ name: string; to: string; events: string[]; of?: string } & ConnectionFlags>(
        serverCommand('create', 'Tell an address what happens; its secret is shown once')
          .requiredOption('--name <name>', 'what it is for')
          .requiredOption('--to <url>', 'the address')
          .requiredOption('--events <types>', 'such as run.failed,key.*', list)
          .option('--of <project>', 'the id of one project'),
        around,
        async (context, { name, to, events, of }) => {
          const body = { name, url: to, events, ...(of === undefined ? {} : { project_id: of }) };
          const answer = await context.client.call('webhooks.createWebhook', { body });
          context.show(answer, answer.secret);
          context.terminal.note(
            'Store it now: it is not shown again. It verifies `webhook-signature`.',
          );
        },
      ),
      act<ChangeFlags>(
        ofWebhook('update', 'Change a webhook, or let it be told again')
          .option('--name <name>', 'what it is for')
          .option('--to <url>', 'the address')
          .option('--events <types>', 'such as run.failed,key.*', list)
          .option('--enable', 'tell it again')
          .option('--disable', 'tell it nothing'),
        around,
        update,
      ),
      act(ofWebhook('delete', 'Delete a webhook'), around, async (context, _, [given = '']) => {
        const params = { webhook_id: given };
        context.show(await context.client.call('webhooks.deleteWebhook', { params }), 'Deleted.');
      }),
      act(
        ofWebhook('rotate', 'Make a new secret; the former one signs as well for a day'),
        around,
        async (context, _, [given = '']) => {
          const params = { webhook_id: given };
          const answer = await context.client.call('webhooks.rotateWebhook', { params });
          context.show(answer, answer.secret);
        },
      ),
      act(ofWebhook('test', 'Send a test'), around, async (context, _, [given = '']) => {
        const params = { webhook_id: given };
        const answer = await context.client.call('webhooks.testWebhook', { params });
        context.show(
          answer,
          `Queued as ${answer.message_id}: sagewai webhooks deliveries ${given}`,
        );
      }),
      act<FilterFlags>(
        filtered(ofWebhook('deliveries', 'What was sent to a webhook, newest first'))
          .option('--limit <n>', 'how many', integer, 20)
          .option('--delivery <id>', 'one, with what became of each attempt'),
        around,
        showDeliveries,
      ),
      act<FilterFlags & { readonly all?: boolean }>(
        filtered(ofWebhook('redeliver', 'Send what is over again'))
          .option('--delivery <id>', 'this one')
          .option('--all', 'every one that is kept'),
        around,
        redeliver,
      ),
    ],
    examples: [
      'sagewai webhooks create --name ops --to https://hooks.example.com/ --events run.failed,key.*',
      'sagewai webhooks deliveries ID --state failed',
      'sagewai webhooks redeliver ID --state failed',
    ],
  });
}

async function listWebhooks(context: Context): Promise<void> {
  const answer = await context.client.call('webhooks.listWebhooks', {});
  const rows = answer.webhooks.map((webhook) => [
    webhook.id,
    webhook.name,
    webhook.url,
    webhook.event_types.join(',') || 'alerts',
    webhook.disabled_why ?? (webhook.failing_since === null ? 'on' : 'failing'),
  ]);
  context.show(answer, printColumns(['id', 'name', 'url', 'events', 'state'], rows));
}

async function listEvents(context: Context): Promise<void> {
  const answer = await context.client.call('webhooks.listEventTypes', {});
  const rows = answer.events.map(({ type, data }) => [type, data.join(', ')]);
  context.show(answer, printColumns(['type', 'data'], rows));
}

async function update(
  context: Context,
  { name, to, events, enable, disable }: ChangeFlags,
  [given = '']: readonly string[],
): Promise<void> {
  if (enable === true && disable === true)
    throw new UsageError('say one of --enable and --disable');
  const enabled = enable === true ? true : disable === true ? false : undefined;
  const body = {
    ...(name === undefined ? {} : { name }),
    ...(to === undefined ? {} : { url: to }),
    ...(events === undefined ? {} : { events }),
    ...(enabled === undefined ? {} : { enabled }),
  };
  const params = { webhook_id: given };
  const answer = await context.client.call('webhooks.updateWebhook', { params, body });
  context.show(answer, `${answer.name}: ${answer.disabled_why ?? 'on'}`);
}

async function showDeliveries(
  context: Context,
  { state, type, limit = 20, delivery }: FilterFlags,
  [webhook = '']: readonly string[],
): Promise<void> {
  const webhookId = { webhook_id: webhook };
  if (delivery !== undefined) {
    const params = { ...webhookId, delivery_id: delivery };
    const one = await context.client.call('webhooks.getDelivery', { params });
    const log = one.log.map(({ at, took_ms, status, error }) => [
      at,
      `${took_ms} ms`,
      status,
      error,
    ]);
    context.show(one, `${one.body}\n\n${printColumns(['at', 'took', 'status', 'error'], log)}`);
    return;
  }
  const query = {
    limit,
    ...(state === undefined ? {} : { state }),
    ...(type === undefined ? {} : { event_type: type }),
  };
  const answer = await context.client.call('webhooks.listDeliveries', { params: webhookId, query });
  const rows = answer.deliveries.map((each) => [
    each.id,
    each.event_type,
    each.state,
    each.attempts,
    each.last_status,
    showAge(each.created_at, context.now()),
    each.last_error,
  ]);
  const headings = ['id', 'type', 'state', 'attempts', 'status', 'raised', 'error'];
  context.show(answer, printColumns(headings, rows));
}

async function redeliver(
  context: Context,
  { state, type, delivery, all }: FilterFlags & { readonly all?: boolean },
  [webhook = '']: readonly string[],
): Promise<void> {
  if ([state, type, delivery].every((each) => each === undefined) && all !== true) {
    throw new UsageError('say which: --delivery, --state, --type or --all');
  }
  const body = {
    ...(state === undefined ? {} : { state }),
    ...(type === undefined ? {} : { event_type: type }),
    ...(delivery === undefined ? {} : { delivery_id: delivery }),
  };
  const params = { webhook_id: webhook };
  const answer = await context.client.call('webhooks.redeliver', { params, body });
  context.show(answer, `Queued ${answer.queued} again.`);
}
