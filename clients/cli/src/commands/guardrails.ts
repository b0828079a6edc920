import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, InvalidArgumentError, Option } from 'commander';

import { act, group, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';

type Guardrail = CallOutput<'gateway.listGuardrails'>['guardrails'][number];

interface TestFlags extends ConnectionFlags {
  readonly name: string;
  readonly file: string;
}

/** `gateway guardrails` lists them; below it, one of them is tried. */
export function guardrailsCommand(around: Surroundings): Command {
  return act(
    serverCommand('guardrails', 'List the guardrails that model calls may pass'),
    around,
    async (context) => {
      const answer = await context.client.call('gateway.listGuardrails', {});
      context.show(answer, listText(answer.guardrails));
    },
  ).addCommand(testCommand(around));
}

function listText(guardrails: readonly Guardrail[]): string {
  if (guardrails.length === 0)
    return 'there are none: `sagewai guardrails create` makes one, or the models file, under guardrails';
  const rows = guardrails.map((each) => [
    each.name,
    each.kind,
    each.action,
    [each.before ? 'before' : '', each.after ? 'after' : ''].filter(Boolean).join(', '),
    forText(each),
    each.looks_for.join(', '),
    each.id ?? 'models file',
  ]);
  return printColumns(['name', 'kind', 'action', 'sees', 'for', 'looks for', 'id'], rows);
}

function testCommand(around: Surroundings): Command {
  return act<TestFlags>(
    serverCommand('test', 'Say what a guardrail finds in a text; the text is kept nowhere')
      .requiredOption('--name <name>', 'which one')
      .option('--file <file>', 'the text; - reads stdin', '-'),
    around,
    async (context, { name, file }) => {
      const text = await readInput(file);
      const answer = await context.client.call('gateway.testGuardrail', { body: { name, text } });
      const found = answer.found.map(({ what, start, end }) => `${what} at ${start}–${end}`);
      context.show(
        answer,
        [answer.verdict, ...found, ...(answer.text ? ['', answer.text] : [])].join('\n'),
      );
    },
  );
}

function forText({ default_on: isDefault, project_id: project, projects }: Guardrail): string {
  if (isDefault) return project === null ? 'every call' : `every call of ${project}`;
  return projects.join(', ') || `where a key or a call${project ? ` of ${project}` : ''} says so`;
}

type NewGuardrail = NonNullable<CallInput<'gateway.createGuardrail'>['body']>;
type Change = NonNullable<CallInput<'gateway.updateGuardrail'>['body']>;

interface ChangeFlags extends ConnectionFlags {
  readonly action?: 'block' | 'redact' | 'flag';
  readonly sees?: 'before' | 'after' | 'both';
  readonly everyCall?: boolean;
  readonly uninspectable?: 'pass' | 'block';
  readonly entities?: string[];
  readonly pattern?: { readonly name: string; readonly pattern: string }[];
  readonly webhook?: string;
  readonly secretFile?: string;
  readonly timeoutMs?: number;
}

interface NewFlags extends ChangeFlags {
  readonly name: string;
  readonly kind: 'pii' | 'secrets' | 'regex' | 'webhook';
}

/** `guardrails`: those that are made while servers run, and how any of them is tried. */
export function guardrailsGroup(around: Surroundings): Command {
  const changing = (command: Command): Command =>
    command
      .addOption(
        new Option('--action <action>', 'what becomes of what it finds').choices([
          'block',
          'redact',
          'flag',
        ]),
      )
      .addOption(
        new Option('--sees <texts>', 'what is sent, what is answered, or both').choices([
          'before',
          'after',
          'both',
        ]),
      )
      .option('--every-call', 'of the organization; with --project, of the project')
      .option('--no-every-call', 'only where a key or a call names it')
      .addOption(
        new Option('--uninspectable <what>', 'becomes of images and files').choices([
          'pass',
          'block',
        ]),
      )
      .option('--entities <names>', 'of pii, such as EMAIL_ADDRESS,IBAN_CODE', list)
      .option('--pattern <name=expression>', 'of regex, in the syntax of RE2; repeatable', pattern)
      .option('--webhook <url>', 'of webhook: who is asked')
      .option('--secret-file <file>', 'of webhook: what signs messages (whsec_…); - reads stdin')
      .option('--timeout-ms <ms>', 'of webhook', integer);
  return group('guardrails', 'Rules about what models are given to read, and what they write', {
    commands: [
      act(
        serverCommand('list', 'List the guardrails that model calls may pass'),
        around,
        async (context) => {
          const answer = await context.client.call('gateway.listGuardrails', {});
          context.show(answer, listText(answer.guardrails));
        },
      ),
      act<NewFlags>(
        changing(
          serverCommand('create', 'Make one, of the organization or, with --project, of a project')
            .requiredOption('--name <name>', 'what keys and calls name')
            .addOption(
              new Option('--kind <kind>', 'what it looks for')
                .choices(['pii', 'secrets', 'regex', 'webhook'])
                .makeOptionMandatory(),
            ),
        ),
        around,
        create,
      ),
      act<ChangeFlags>(
        changing(serverCommand('update', 'Change one').argument('<id>', 'of the guardrail', id)),
        around,
        async (context, flags, [given = '']) => {
          const params = { guardrail_id: given };
          const body = await changeOf(flags);
          const answer = await context.client.call('gateway.updateGuardrail', { params, body });
          context.show(answer, listText([answer]));
        },
      ),
      act(
        serverCommand('delete', 'Delete one; calls of keys that name it are refused').argument(
          '<id>',
          'of the guardrail',
          id,
        ),
        around,
        async (context, _, [given = '']) => {
          const params = { guardrail_id: given };
          context.show(
            await context.client.call('gateway.deleteGuardrail', { params }),
            'Deleted.',
          );
        },
      ),
      testCommand(around),
    ],
    examples: [
      'sagewai guardrails create --name personal-data --kind pii --sees both --every-call',
      "sagewai guardrails create --name tickets --kind regex --pattern 'TICKET=ACME-[0-9]{4}' --project web",
      'sagewai guardrails test --name personal-data < letter.txt',
    ],
  });
}

async function create(context: Context, flags: NewFlags): Promise<void> {
  const body: NewGuardrail = {
    name: flags.name,
    kind: flags.kind,
    ...(flags.project ? { project: flags.project } : {}),
    ...(await changeOf(flags)),
  };
  const answer = await context.client.call('gateway.createGuardrail', { body });
  context.show(answer, answer.id ?? '');
}

async function changeOf(flags: ChangeFlags): Promise<Change> {
  const { sees, secretFile } = flags;
  return {
    ...(flags.action ? { action: flags.action } : {}),
    ...(sees ? { before: sees !== 'after', after: sees !== 'before' } : {}),
    ...(flags.everyCall === undefined ? {} : { default_on: flags.everyCall }),
    ...(flags.uninspectable ? { uninspectable: flags.uninspectable } : {}),
    ...(flags.entities ? { entities: flags.entities } : {}),
    ...(flags.pattern ? { patterns: [...flags.pattern] } : {}),
    ...(flags.webhook ? { url: flags.webhook } : {}),
    ...(secretFile ? { secret: (await readInput(secretFile)).trim() } : {}),
    ...(flags.timeoutMs === undefined ? {} : { timeout_ms: flags.timeoutMs }),
  };
}

function pattern(text: string, before: ChangeFlags['pattern'] = []): ChangeFlags['pattern'] {
  const at = text.indexOf('=');
  if (at < 1) throw new InvalidArgumentError('expected NAME=EXPRESSION');
  return [...before, { name: text.slice(0, at), pattern: text.slice(at + 1) }];
}
