import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';
import { toolCallCommands } from './tool-calls.ts';

type NewTool = CallInput<'tools.createTool'>['body'];
type Change = NonNullable<CallInput<'tools.updateTool'>['body']>;
type Tool = CallOutput<'tools.getTool'>;

const KINDS = ['http', 'openapi', 'mcp', 'worker'] as const;
const MODES = ['read_only', 'local_write', 'network', 'delegated', 'destructive'] as const;

interface ChangeFlags extends ConnectionFlags {
  readonly mode?: (typeof MODES)[number];
  readonly file?: string;
  readonly credentialFile?: string;
  readonly enable?: boolean;
  readonly disable?: boolean;
}

interface NewFlags extends ChangeFlags {
  readonly kind: (typeof KINDS)[number];
  readonly of?: string;
}

interface RateFlags extends ConnectionFlags {
  readonly of?: string;
  readonly calls?: number;
  readonly perSeconds?: number;
  readonly none?: boolean;
}

export function toolsCommand(around: Surroundings): Command {
  const named = (name: string, description: string): Command =>
    serverCommand(name, description).argument('<tool>', 'its name or id', id);
  const changing = (command: Command): Command =>
    command
      .addOption(new Option('--mode <mode>', 'the most that a call may do').choices(MODES))
      .option('--file <file>', 'the rest of the manifest, as JSON; - reads stdin')
      .option('--credential-file <file>', 'what it is called with, or a reference to it');
  return group('tools', 'What agents may do: register tools, call them, decide about calls', {
    commands: [
      act(serverCommand('list', 'List the tools'), around, async (context) => {
        const answer = await context.client.call('tools.listTools', {});
        context.show(answer, tableOf(answer.tools));
      }),
      act(named('show', 'Show a tool'), around, async (context, _, [tool = '']) => {
        const answer = await context.client.call('tools.getTool', { params: { tool } });
        context.show(answer, JSON.stringify(answer, null, 2));
      }),
      act<NewFlags>(
        changing(
          serverCommand('create', 'Register a tool')
            .argument('<name>', 'letters, digits, _ and -', id)
            .addOption(
              new Option('--kind <kind>', 'what it is').choices(KINDS).makeOptionMandatory(),
            )
            .option('--of <project>', 'of one project; else of all'),
        ),
        around,
        create,
      ),
      act<ChangeFlags>(
        changing(named('update', 'Change a tool; approvals of its calls are void'))
          .option('--enable', 'let it be called again')
          .option('--disable', 'let nobody call it'),
        around,
        update,
      ),
      act(
        named('delete', 'Delete a tool; its calls are kept'),
        around,
        async (context, _, [tool = '']) => {
          const answer = await context.client.call('tools.deleteTool', { params: { tool } });
          context.show(answer, 'Deleted.');
        },
      ),
      act<{ credentialFile?: string } & ConnectionFlags>(
        serverCommand('discover', 'Ask an MCP server which tools it has')
          .argument('<url>', 'its address', id)
          .option('--credential-file <file>', 'what it is asked with'),
        around,
        discover,
      ),
      act(serverCommand('rates', 'How much all tools together may be called'), around, showRates),
      act<RateFlags>(
        serverCommand('rate', 'Limit the calls of all tools together')
          .option('--of <project>', 'of one project; else of the organization')
          .option('--calls <n>', 'how many', integer)
          .option('--per-seconds <n>', 'in how long', integer)
          .option('--none', 'as many as wanted'),
        around,
        setRate,
      ),
      ...toolCallCommands(around),
    ],
    examples: [
      'sagewai tools create create_ticket --kind http --mode network --file ticket.json',
      `sagewai tools call create_ticket --arguments '{"title": "It is down"}' --key ticket-42`,
      'sagewai tools calls --state waiting',
      'sagewai tools approve ID --digest DIGEST',
    ],
  });
}

async function create(
  context: Context,
  { kind, of, ...flags }: NewFlags,
  [name = '']: readonly string[],
): Promise<void> {
  const body: NewTool = {
    ...(await readChange(flags)),
    name,
    kind,
    ...(of === undefined ? {} : { project: of }),
  };
  const answer = await context.client.call('tools.createTool', { body });
  context.show(answer, `${answer.id} ${answer.name} may do ${answer.mode}`);
}

async function update(
  context: Context,
  flags: ChangeFlags,
  [tool = '']: readonly string[],
): Promise<void> {
  if (flags.enable === true && flags.disable === true) {
    throw new UsageError('say one of --enable and --disable');
  }
  const enabled = flags.enable === true ? true : flags.disable === true ? false : undefined;
  const body = { ...(await readChange(flags)), ...(enabled === undefined ? {} : { enabled }) };
  const answer = await context.client.call('tools.updateTool', { params: { tool }, body });
  context.show(
    answer,
    `${answer.name} is version ${answer.version}${answer.enabled ? '' : ', disabled'}`,
  );
}

async function readChange({ mode, file, credentialFile }: ChangeFlags): Promise<Change> {
  let rest: Change = {};
  if (file !== undefined) {
    try {
      rest = JSON.parse(await readInput(file)) as Change;
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error;
      throw new UsageError(`${file} is no JSON: ${error.message}`);
    }
  }
  const value = credentialFile === undefined ? null : (await readInput(credentialFile)).trim();
  return {
    ...rest,
    ...(mode === undefined ? {} : { mode }),
    ...(value === null ? {} : { credential: { ...rest.credential, value } }),
  };
}

async function discover(
  context: Context,
  { credentialFile }: { credentialFile?: string },
  [url = '']: readonly string[],
): Promise<void> {
  const value = credentialFile === undefined ? null : (await readInput(credentialFile)).trim();
  const body = { mcp: { url }, ...(value === null ? {} : { credential: { value } }) };
  const answer = await context.client.call('tools.discoverTools', { body });
  const rows = answer.tools.map(({ name, description, pin }) => [
    name,
    description.split('\n')[0],
    pin,
  ]);
  context.show(answer, printColumns(['name', 'description', 'pin'], rows));
}

async function showRates(context: Context): Promise<void> {
  const answer = await context.client.call('tools.listToolRates', {});
  context.show(answer, ratesOf(answer.rates));
}

async function setRate(
  context: Context,
  { of, calls, perSeconds, none }: RateFlags,
): Promise<void> {
  if (none !== true && (calls === undefined || perSeconds === undefined)) {
    throw new UsageError('say --calls and --per-seconds, or --none');
  }
  const rate = none === true ? null : { calls: calls ?? 0, per_seconds: perSeconds ?? 0 };
  const body = { rate, ...(of === undefined ? {} : { project: of }) };
  const answer = await context.client.call('tools.setToolRate', { body });
  context.show(answer, ratesOf(answer.rates));
}

function tableOf(tools: readonly Tool[]): string {
  if (tools.length === 0) return 'there are none: sagewai tools create';
  const rows = tools.map((tool) => [
    tool.name,
    tool.kind,
    tool.mode,
    tool.approval || tool.mode === 'destructive' ? 'yes' : 'no',
    tool.project_id ?? 'all projects',
    tool.version,
    tool.enabled ? 'on' : 'off',
  ]);
  return printColumns(['name', 'kind', 'mode', 'approval', 'of', 'version', 'state'], rows);
}

function ratesOf(rates: CallOutput<'tools.listToolRates'>['rates']): string {
  if (rates.length === 0) return 'there are none';
  const rows = rates.map(({ project_id: project, set_by: by, rate }) => [
    project ?? 'the organization',
    by === 'project' ? 'the project itself' : 'the organization',
    `${rate.calls} in ${rate.per_seconds} s`,
  ]);
  return printColumns(['of', 'set by', 'rate'], rows);
}
