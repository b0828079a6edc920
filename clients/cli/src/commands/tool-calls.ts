import type { CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';

type Answered = CallOutput<'tools.callTool'>;

const STATES = [
  'waiting',
  'approved',
  'running',
  'completed',
  'failed',
  'unknown',
  'denied',
] as const;

interface CallFlags extends ConnectionFlags {
  readonly arguments: string;
  readonly key?: string;
}

interface FilterFlags extends ConnectionFlags {
  readonly state?: (typeof STATES)[number];
  readonly tool?: string;
  readonly run?: string;
  readonly limit?: number;
}

/** Calls of tools: made, seen, decided about, made again. */
export function toolCallCommands(around: Surroundings): Command[] {
  const ofCall = (name: string, description: string): Command =>
    serverCommand(name, description).argument('<id>', 'of the call', id);
  return [
    act<CallFlags>(
      serverCommand('call', 'Call a tool, once')
        .argument('<tool>', 'its name', id)
        .option('--arguments <json>', 'a JSON object', '{}')
        .option('--key <key>', 'the same key is the same call'),
      around,
      call,
    ),
    act<FilterFlags>(
      serverCommand('calls', 'List calls, newest first')
        .addOption(new Option('--state <state>', 'only these').choices(STATES))
        .option('--tool <name>', 'only of this tool')
        .option('--run <id>', 'only of this run')
        .option('--limit <n>', 'how many', integer, 50),
      around,
      listCalls,
    ),
    act(ofCall('show-call', 'Show a call with its arguments and result'), around, showCall),
    act<{ digest: string } & ConnectionFlags>(
      ofCall('approve', 'Approve a call with exactly these arguments').requiredOption(
        '--digest <digest>',
        'of its arguments, as show-call prints it',
      ),
      around,
      async (context, { digest }, [given = '']) => {
        const params = { call_id: given };
        const body = { arguments_digest: digest };
        const answer = await context.client.call('tools.approveToolCall', { params, body });
        context.show(answer, `${answer.tool} may be called once with these arguments.`);
      },
    ),
    act<{ reason?: string } & ConnectionFlags>(
      ofCall('deny', 'Deny a call that waits').option('--reason <text>', 'for whoever asked'),
      around,
      async (context, { reason }, [given = '']) => {
        const body = reason === undefined ? {} : { reason };
        const params = { call_id: given };
        context.show(await context.client.call('tools.denyToolCall', { params, body }), 'Denied.');
      },
    ),
    act<{ acceptUnknown?: boolean } & ConnectionFlags>(
      ofCall('redrive', 'Make a dead call again').option(
        '--accept-unknown',
        'though it may have had its effect',
      ),
      around,
      async (context, { acceptUnknown }, [given = '']) => {
        const body = acceptUnknown === true ? { accept_unknown: true } : {};
        const params = { call_id: given };
        const answer = await context.client.call('tools.redriveToolCall', { params, body });
        context.show(answer, textOf(answer));
      },
    ),
  ];
}

async function call(
  context: Context,
  { arguments: text, key }: CallFlags,
  [tool = '']: readonly string[],
): Promise<void> {
  let args: unknown;
  try {
    args = JSON.parse(text);
  } catch (error) {
    throw new UsageError(`--arguments is no JSON: ${(error as Error).message}`);
  }
  if (typeof args !== 'object' || args === null || Array.isArray(args)) {
    throw new UsageError('--arguments must be a JSON object');
  }
  const body = {
    arguments: args as Record<string, unknown>,
    ...(key === undefined ? {} : { idempotency_key: key }),
  };
  const answer = await context.client.call('tools.callTool', { params: { tool }, body });
  context.show(answer, textOf(answer));
}

async function listCalls(
  context: Context,
  { state, tool, run, limit = 50 }: FilterFlags,
): Promise<void> {
  const query = {
    limit,
    ...(state === undefined ? {} : { state }),
    ...(tool === undefined ? {} : { tool }),
    ...(run === undefined ? {} : { run_id: run }),
  };
  const answer = await context.client.call('tools.listToolCalls', { query });
  const rows = answer.calls.map((each) => [
    each.id,
    each.tool,
    each.state,
    each.error,
    each.requested_by,
    showAge(each.created_at, context.now()),
  ]);
  const headings = ['id', 'tool', 'state', 'error', 'asked by', 'age'];
  context.show(answer, printColumns(headings, rows));
}

async function showCall(
  context: Context,
  _: ConnectionFlags,
  [given = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('tools.getToolCall', { params: { call_id: given } });
  const contentOf = (content: unknown): string =>
    answer.contents_hidden ? '(not shown to you)' : JSON.stringify(content, null, 2);
  const lines = [
    `${answer.tool} (${answer.mode}) is ${answer.state}${answer.error === null ? '' : `: ${answer.error}`}`,
    ...(answer.message === null ? [] : [answer.message]),
    `arguments ${answer.arguments_digest}`,
    contentOf(answer.arguments),
    ...(answer.result_digest === null
      ? []
      : [`result ${answer.result_digest}`, contentOf(answer.result)]),
  ];
  context.show(answer, lines.join('\n'));
}

function textOf(answer: Answered): string {
  if (answer.state === 'completed') {
    return typeof answer.result === 'string'
      ? answer.result
      : JSON.stringify(answer.result, null, 2);
  }
  const digest = answer.state === 'waiting' ? ` --digest ${answer.arguments_digest}` : '';
  const next = digest === '' ? '' : `: sagewai tools approve ${answer.call_id}${digest}`;
  return `${answer.call_id} is ${answer.state}${next}${answer.message === null ? '' : `: ${answer.message}`}`;
}
