import type { CallInput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { alertRuleCommands } from './alert-rules.ts';

interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly to: string;
  readonly types?: string[];
}

interface LogFlags extends ConnectionFlags {
  readonly limit: number;
}

type NewWebhook = NonNullable<CallInput<'trust.createAlertWebhook'>['body']>;

export function alertsCommand(around: Surroundings): Command {
  const ofWebhook = (name: string, description: string): Command =>
    serverCommand(name, description).argument('<id>', 'of the webhook', id);
  return group('alerts', 'Who is told when something is wrong, or money runs out', {
    commands: [
      act(serverCommand('list', 'List where alerts go'), around, listWebhooks),
      act<CreateFlags>(
        serverCommand('create', 'Send alerts to an address; its secret is shown once')
          .requiredOption('--name <name>', 'what it is for')
          .requiredOption('--to <url>', 'the address')
          .option('--types <types>', 'such as worker.anomaly,worker.revoked (default: all)', list),
        around,
        createWebhook,
      ),
      act(ofWebhook('delete', 'Delete a webhook'), around, async (context, _, [given = '']) => {
        const params = { webhook_id: given };
        context.show(await context.client.call('trust.deleteAlertWebhook', { params }), 'Deleted.');
      }),
      act(
        ofWebhook('enable', 'Deliver to a webhook again'),
        around,
        async (context, _, [given = '']) => {
          const answer = await context.client.call('trust.updateAlertWebhook', {
            params: { webhook_id: given },
            body: { enabled: true },
          });
          context.show(answer, `${answer.name} is delivered to again.`);
        },
      ),
      act(
        ofWebhook('rotate', 'Make a new secret; the former one signs as well for a day'),
        around,
        async (context, _, [given = '']) => {
          const params = { webhook_id: given };
          const answer = await context.client.call('trust.rotateAlertWebhook', { params });
          context.show(answer, answer.secret);
        },
      ),
      act(ofWebhook('test', 'Send a test'), around, async (context, _, [given = '']) => {
        const params = { webhook_id: given };
        const answer = await context.client.call('trust.testAlertWebhook', { params });
        context.show(answer, `Queued as ${answer.message_id}: sagewai alerts deliveries ${given}`);
      }),
      act<LogFlags>(
        ofWebhook('deliveries', 'What was sent to a webhook, newest first').option(
          '--limit <n>',
          'how many',
          integer,
          20,
        ),
        around,
        listDeliveries,
      ),
      act(
        ofWebhook('redeliver', 'Send a message again').argument('<delivery>', 'its id', id),
        around,
        async (context, _, [webhook = '', delivery = '']) => {
          const params = { webhook_id: webhook, delivery_id: delivery };
          const answer = await context.client.call('trust.redeliverAlert', { params });
          context.show(answer, `Queued ${answer.message_id} again.`);
        },
      ),
      ...alertRuleCommands(around),
    ],
    examples: [
      'sagewai alerts create --name ops --to https://hooks.example.com/sagewai',
      'sagewai alerts test ID',
      'sagewai alerts deliveries ID',
    ],
  });
}

async function listWebhooks(context: Context): Promise<void> {
  const answer = await context.client.call('trust.listAlertWebhooks', {});
  const rows = answer.webhooks.map((webhook) => [
    webhook.id,
    webhook.name,
    webhook.url,
    webhook.event_types.join(',') || 'all',
    webhook.disabled_why ?? 'on',
  ]);
  context.show(answer, printColumns(['id', 'name', 'url', 'types', 'state'], rows));
}

async function createWebhook(context: Context, { name, to, types }: CreateFlags): Promise<void> {
  const chosen = types ? { event_types: types as NewWebhook['event_types'] & {} } : {};
  const body: NewWebhook = { name, url: to, ...chosen };
  const answer = await context.client.call('trust.createAlertWebhook', { body });
  context.show(answer, answer.secret);
  context.terminal.note('Store it now: it is not shown again. It verifies `webhook-signature`.');
}

async function listDeliveries(
  context: Context,
  { limit }: LogFlags,
  [webhook = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('trust.listAlertDeliveries', {
    params: { webhook_id: webhook },
    query: { limit },
  });
  const rows = answer.deliveries.map((delivery) => [
    delivery.id,
    delivery.event_type,
    delivery.state,
    delivery.attempts,
    delivery.last_status,
    showAge(delivery.created_at, context.now()),
    showAge(delivery.next_attempt_at, context.now()),
    delivery.last_error,
  ]);
  const headings = ['id', 'type', 'state', 'attempts', 'status', 'raised', 'next', 'error'];
  context.show(answer, printColumns(headings, rows));
}
