import { type Command, Option } from 'commander';

import { act, group, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { UsageError } from '../usage-error.ts';
import { updateTriggerCommand } from './change-trigger.ts';
import {
  type CreateFlags,
  fromFile,
  kindOf,
  type NewTrigger,
  SCHEMES,
  secretOf,
} from './trigger-of-line.ts';

export function triggersCommand(around: Surroundings): Command {
  return group('triggers', 'What starts runs: webhooks, pollers, the clock', {
    commands: [
      createCommand(around),
      updateTriggerCommand(around),
      act(serverCommand('list', 'List triggers'), around, list),
      one(around, ['get', 'Show a trigger and what came in by it'], get),
      one(around, ['enable', 'Let a trigger start runs again'], async (context, trigger) => {
        const params = { trigger };
        context.show(await context.client.call('triggers.enableTrigger', { params }), 'It is on.');
      }),
      one(around, ['disable', 'Let a trigger start nothing'], async (context, trigger) => {
        const params = { trigger };
        context.show(
          await context.client.call('triggers.disableTrigger', { params }),
          'It is off.',
        );
      }),
      one(around, ['delete', 'Delete a trigger; its runs stay'], async (context, trigger) => {
        const gone = await context.client.call('triggers.deleteTrigger', { params: { trigger } });
        context.show(gone, `Deleted ${trigger}.`);
      }),
      act<Sample & ConnectionFlags>(
        serverCommand('test', 'What a sample would start; nothing is started')
          .argument('<trigger>', 'its name or id')
          .requiredOption('--sample <file>', 'the body, as JSON (- for stdin)')
          .option('--header <name=value...>', 'a header that comes with it'),
        around,
        test,
      ),
      act<{ readonly overlap?: number; readonly secretFile?: string } & ConnectionFlags>(
        serverCommand('rotate', 'Replace the secret of a trigger')
          .argument('<trigger>', 'its name or id')
          .option('--secret-file <file>', 'the new one (- for stdin; default: one is made)')
          .option('--overlap <duration>', 'how long the former one is good', durationSeconds),
        around,
        rotate,
      ),
    ],
    examples: [
      'sagewai triggers create --name issues --webhook github --run run.json --filter filter.json',
      'sagewai triggers create --name feed --poll https://example.com/items.json --every 5m --run run.json',
      'sagewai triggers update feed --every 1m --filter filter.json',
      'sagewai triggers test issues --sample issue.json --header x-github-event=issues',
    ],
  });
}

function createCommand(around: Surroundings): Command {
  const command = serverCommand('create', 'Start runs by a webhook, by polling, or by the clock')
    .requiredOption('--name <name>', 'of its own in the project')
    .requiredOption('--run <file>', 'what is submitted, as JSON; its texts may hold {{body.…}}')
    .addOption(new Option('--webhook <scheme>', 'how its sender signs').choices(SCHEMES))
    .option('--poll <url>', 'the address that is asked')
    .option('--cron <expression>', 'minute, hour, day, month, day of week')
    .option('--every <duration>', 'with --poll: how often', durationSeconds)
    .option('--items <pointer>', 'with --poll: where the items stand')
    .option('--item-key <pointer>', 'with --poll: where an item says which it is (default: /id)')
    .addOption(
      new Option('--first <what>', 'with --poll: what the items of the first poll do').choices([
        'skip',
        'start',
      ]),
    )
    .option('--time-zone <zone>', 'with --cron, such as Europe/Berlin (default: UTC)')
    .option('--header <name>', 'with --webhook hmac or --poll: which header')
    .option('--delivery-id <pointer>', 'with --webhook hmac or bearer: which delivery it is')
    .option('--per-minute <n>', 'with --webhook: so many deliveries (default: 120)', integer)
    .option('--secret-file <file>', 'its secret (- for stdin; default: one is made)')
    .option('--filter <file>', 'conditions, as JsonLogic')
    .option('--disabled', 'start nothing until it is enabled');
  return act<CreateFlags>(command, around, create);
}

function one(
  around: Surroundings,
  [name, description]: readonly [string, string],
  work: (context: Context, trigger: string) => Promise<void>,
): Command {
  const command = serverCommand(name, description).argument('<trigger>', 'its name or id');
  return act(command, around, (context, _, [trigger = '']) => work(context, trigger));
}

async function create(context: Context, flags: CreateFlags): Promise<void> {
  const secret = await secretOf(flags.secretFile);
  const body: NewTrigger = {
    name: flags.name,
    ...kindOf(flags),
    run: (await fromFile(flags.run)) as NewTrigger['run'],
    ...(secret === undefined ? {} : { secret }),
    ...(flags.filter === undefined ? {} : { filter: await fromFile(flags.filter) }),
    ...(flags.disabled === true ? { enabled: false } : {}),
  };
  const made = await context.client.call('triggers.createTrigger', { body });
  const lines = [made.path, made.secret].filter((line) => line !== null);
  context.show(made, lines.length === 0 ? made.id : lines.join('\n'));
  if (made.secret !== null) {
    context.terminal.note('The second line is its secret: it is not shown again.');
  }
}

async function list(context: Context): Promise<void> {
  const answer = await context.client.call('triggers.listTriggers', {});
  const rows = answer.triggers.map((trigger) => [
    trigger.name,
    trigger.kind,
    trigger.path ?? trigger.poller?.url ?? trigger.cron?.cron,
    trigger.enabled ? 'on' : 'off',
    trigger.last_poll?.error,
    trigger.id,
  ]);
  context.show(answer, printColumns(['name', 'kind', 'by', 'state', 'problem', 'id'], rows));
}

async function get(context: Context, trigger: string): Promise<void> {
  const params = { trigger };
  const found = await context.client.call('triggers.getTrigger', { params });
  const { firings } = await context.client.call('triggers.listTriggerFirings', { params });
  const facts = Object.entries(found).map(
    ([name, value]) =>
      `${name.padEnd(22)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const rows = firings.map((firing) => [
    firing.fired_at,
    firing.how,
    firing.run_id,
    firing.repeats,
    firing.delivery_key,
    firing.error,
  ]);
  const history = printColumns(['at', 'how', 'run', 'repeats', 'delivery', 'error'], rows);
  context.show({ ...found, firings }, `${facts.join('\n')}\n\n${history}`);
}

interface Sample {
  readonly sample: string;
  readonly header?: readonly string[];
}

function headerOf(text: string): [string, string] {
  const at = text.indexOf('=');
  if (at < 1) throw new UsageError(`--header ${text}: say name=value`);
  return [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
}

async function test(
  context: Context,
  { sample, header = [] }: Sample,
  [trigger = '']: readonly string[],
): Promise<void> {
  const body = {
    body: await fromFile(sample),
    ...(header.length === 0 ? {} : { headers: Object.fromEntries(header.map(headerOf)) }),
  };
  const answer = await context.client.call('triggers.testTrigger', { params: { trigger }, body });
  const line = answer.passes
    ? (answer.error ?? JSON.stringify(answer.submission, null, 2))
    : 'The filter does not let it pass.';
  context.show(answer, line);
}

async function rotate(
  context: Context,
  { overlap, secretFile }: { readonly overlap?: number; readonly secretFile?: string },
  [trigger = '']: readonly string[],
): Promise<void> {
  const secret = await secretOf(secretFile);
  const body = {
    ...(secret === undefined ? {} : { secret }),
    ...(overlap === undefined ? {} : { overlap_seconds: overlap }),
  };
  const answer = await context.client.call('triggers.rotateTrigger', { params: { trigger }, body });
  context.show(answer, answer.secret ?? 'The new secret is in use.');
}
