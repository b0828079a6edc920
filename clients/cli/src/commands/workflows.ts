import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { jsonText } from '../json-text.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { submitWorkflow } from './submit-workflow.ts';

type Workflow = CallOutput<'workflows.listWorkflows'>['workflows'][number];

interface RunFlags extends ConnectionFlags {
  readonly input?: string;
  readonly pool?: string;
  readonly workerVersion?: string;
  readonly idempotencyKey?: string;
  readonly wait?: boolean;
}

interface PageFlags extends ConnectionFlags {
  readonly limit: number;
  readonly cursor?: string;
}

export function workflowsCommand(around: Surroundings): Command {
  const run = named('run', 'Submit a run; its input is checked before it is stored')
    .option('--input <json>', 'JSON, a file with it, or - for stdin')
    .option('--pool <pool>', "where it runs (default: where the workflow's workers are)")
    .option('--worker-version <range>', 'such as 2.0.1, 2.x, ^2.1 or ">=2 <3"')
    .option('--idempotency-key <key>', 'the same key gives the same run')
    .option('--wait', 'wait for the end, and show it');
  const runs = named('runs', 'List its runs, newest first')
    .option('--limit <n>', 'how many, up to 200', integer, 50)
    .option('--cursor <cursor>', 'next_cursor of the page before');
  const forgetting = named(
    'delete',
    'Forget a workflow that no worker has any more; its runs stay',
  ).option('--worker-version <version>', 'only this version');
  return group('workflows', 'What workers can be asked for by name', {
    commands: [
      act(serverCommand('list', 'List workflows, each in its newest version'), around, list),
      act(named('show', 'Show a workflow, its input and its versions'), around, show),
      act<RunFlags>(run, around, submit),
      act<PageFlags>(runs, around, listRuns),
      act<RunFlags>(forgetting, around, forget),
      act(
        serverCommand('cancel', 'Cancel a run of a workflow').argument('<run>', 'its id', id),
        around,
        cancel,
      ),
    ],
    examples: [
      'sagewai workflows list',
      'sagewai workflows run order --input \'{"item":"tea","cents":500}\' --wait',
      'sagewai workflows runs order',
    ],
  });
}

const named = (name: string, description: string): Command =>
  serverCommand(name, description).argument('<workflow>', 'its name');

const within = ({ project }: ConnectionFlags): { project?: string } =>
  project === undefined ? {} : { project };

async function list(context: Context, flags: ConnectionFlags): Promise<void> {
  const workflows: Workflow[] = [];
  let cursor: string | null = null;
  do {
    const more: { cursor?: string } = cursor === null ? {} : { cursor };
    const page: CallOutput<'workflows.listWorkflows'> = await context.client.call(
      'workflows.listWorkflows',
      { query: { ...within(flags), ...more } },
    );
    workflows.push(...page.workflows);
    cursor = page.next_cursor;
  } while (cursor !== null);
  context.show({ workflows }, showRows(context, workflows));
}

async function forget(
  context: Context,
  { workerVersion: version, ...flags }: RunFlags,
  [workflow = '']: readonly string[],
): Promise<void> {
  const query = { ...within(flags), ...(version === undefined ? {} : { version }) };
  const answer = await context.client.call('workflows.deleteWorkflow', {
    params: { workflow },
    query,
  });
  context.show(answer, `${answer.deleted} versions of ${workflow} are forgotten`);
}

async function show(
  context: Context,
  flags: ConnectionFlags,
  [workflow = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('workflows.getWorkflow', {
    params: { workflow },
    query: within(flags),
  });
  const { input_schema: schema } = answer;
  const input = schema === null ? 'only its workers can check it' : jsonText(schema);
  context.show(answer, `${showRows(context, answer.versions)}\n\ninput: ${input}`);
}

async function submit(
  context: Context,
  flags: RunFlags,
  [workflow = '']: readonly string[],
): Promise<void> {
  const { input, pool, workerVersion, idempotencyKey, wait = false } = flags;
  const common = {
    ...(pool === undefined ? {} : { pool }),
    ...(workerVersion === undefined ? {} : { worker_version: workerVersion }),
  };
  await submitWorkflow(context, { workflow, input, idempotencyKey, wait, common });
}

async function listRuns(
  context: Context,
  flags: PageFlags,
  [workflow = '']: readonly string[],
): Promise<void> {
  const { limit, cursor } = flags;
  const answer = await context.client.call('workflows.listRuns', {
    params: { workflow },
    query: { ...within(flags), limit, ...(cursor === undefined ? {} : { cursor }) },
  });
  const rows = answer.runs.map((run) => [
    run.id,
    run.state,
    run.workflow_version,
    run.worker_name,
    String(run.attempt),
    showAge(run.created_at, context.now()),
    run.error,
  ]);
  const headings = ['id', 'state', 'version', 'worker', 'attempt', 'created', 'error'];
  context.show(answer, printColumns(headings, rows));
  if (answer.next_cursor !== null) context.terminal.note(`More: --cursor ${answer.next_cursor}`);
}

async function cancel(
  context: Context,
  _flags: ConnectionFlags,
  [run_id = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('runs.cancelRun', { params: { run_id } });
  context.show(answer, answer.cancel_requested ? 'Its worker is told to stop.' : answer.state);
}

function showRows(context: Context, workflows: readonly Workflow[]): string {
  const rows = workflows.map((one) => [
    one.name,
    one.version,
    one.pool,
    one.project_id ?? 'every project',
    one.input_schema === null ? 'no' : 'yes',
    showAge(one.seen_at, context.now()),
  ]);
  return printColumns(['name', 'version', 'pool', 'project', 'schema', 'seen'], rows);
}
