import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

import type { CallOutput } from '@sagewai/sdk';
import { AUDIT_FORMATS, type AuditFormat } from '@sagewai/wire';
import { type Command, Option } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';

interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly to: string;
  readonly format: AuditFormat;
  readonly ca?: string;
  readonly fromBeginning?: boolean;
}

type Sink = CallOutput<'trust.listAuditSinks'>['sinks'][number];

const TEST_LOOKS = 30;
const TEST_LOOK_MS = 1_000;

export function sinksCommand(around: Surroundings): Command {
  const ofSink = (name: string, description: string): Command =>
    serverCommand(name, description).argument('<id>', 'of the sink', id);
  return group('sinks', 'Webhooks and collectors of syslog that get the audit log', {
    commands: [
      act(serverCommand('list', 'List where the log is shipped to, and how far'), around, list),
      act<CreateFlags>(
        serverCommand('create', 'Ship the log to an address; a secret is shown once')
          .requiredOption('--name <name>', 'what it is for')
          .requiredOption(
            '--to <url>',
            'https://…, or syslog+tls://host, syslog+tcp://, syslog+udp://',
          )
          .addOption(
            new Option('--format <format>', 'JSON lines, or the Common Event Format')
              .choices(AUDIT_FORMATS)
              .default('jsonl'),
          )
          .option('--ca <file>', 'PEM: the authority of a collector over TLS')
          .option('--from-beginning', 'what is in the log already, too'),
        around,
        create,
      ),
      act(ofSink('enable', 'Go on where it stopped'), around, (context, _, [given = '']) =>
        enable(context, given, true),
      ),
      act(
        ofSink('disable', 'Ship no more, and remember how far'),
        around,
        (context, _, [given = '']) => enable(context, given, false),
      ),
      act(
        ofSink('delete', 'Ship no more, and forget how far'),
        around,
        async (context, _, [given = '']) => {
          const params = { sink_id: given };
          context.show(await context.client.call('trust.deleteAuditSink', { params }), 'Deleted.');
        },
      ),
      act(ofSink('test', 'Ship at once, and wait for the answer'), around, test),
    ],
    examples: [
      'sagewai audit sinks create --name siem --to syslog+tls://logs.example.com:6514 --format cef',
      'sagewai audit sinks create --name archive --to https://hooks.example.com/audit --from-beginning',
      'sagewai audit sinks test ID',
    ],
  });
}

async function list(context: Context): Promise<void> {
  const answer = await context.client.call('trust.listAuditSinks', {});
  const rows = answer.sinks.map((sink) => [
    sink.id,
    sink.name,
    sink.url,
    sink.format,
    sink.behind,
    showAge(sink.last_sent_at, context.now()),
    sink.disabled_why ?? (sink.last_error === null ? 'on' : 'failing'),
    sink.last_error,
  ]);
  const headings = ['id', 'name', 'url', 'format', 'behind', 'sent', 'state', 'error'];
  context.show(answer, printColumns(headings, rows));
}

async function create(context: Context, flags: CreateFlags): Promise<void> {
  const { name, to, format, ca, fromBeginning } = flags;
  const answer = await context.client.call('trust.createAuditSink', {
    body: {
      name,
      url: to,
      format,
      from: fromBeginning === true ? 'beginning' : 'now',
      ...(ca === undefined ? {} : { ca: await readFile(ca, 'utf8') }),
    },
  });
  context.show(answer, answer.secret ?? answer.id);
  if (answer.secret !== null) {
    context.terminal.note('Store it now: it is not shown again. It verifies `webhook-signature`.');
  }
}

async function enable(context: Context, sink: string, enabled: boolean): Promise<void> {
  const answer = await context.client.call('trust.updateAuditSink', {
    params: { sink_id: sink },
    body: { enabled },
  });
  context.show(
    answer,
    `${answer.name} ${enabled ? 'goes on' : 'has stopped'} at entry ${answer.cursor}.`,
  );
}

/** The test is an entry of the log itself: it has arrived once the cursor is past it. */
async function test(context: Context, _: unknown, [given = '']: readonly string[]): Promise<void> {
  const { client, signal } = context;
  const begun = await client.call('trust.testAuditSink', { params: { sink_id: given } });
  const goal = begun.cursor + begun.behind + 1;
  let sink: Sink | undefined = begun;
  for (let look = 0; look < TEST_LOOKS && sink !== undefined && sink.cursor < goal; look += 1) {
    await sleep(look === 0 ? 100 : TEST_LOOK_MS, undefined, { signal });
    sink = (await client.call('trust.listAuditSinks', {}, { signal })).sinks.find(
      (each) => each.id === given,
    );
  }
  const hasArrived = sink !== undefined && sink.cursor >= goal;
  const why = sink?.disabled_why ?? sink?.last_error ?? 'it has not got that far yet';
  context.show(sink ?? begun, hasArrived ? `Acknowledged up to entry ${goal}.` : `Not yet: ${why}`);
  if (!hasArrived) context.end(EXIT.error);
}
