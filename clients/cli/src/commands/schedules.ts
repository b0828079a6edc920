import type { Submission } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { readInput } from '../read-input.ts';
import { UsageError } from '../usage-error.ts';
import { agentSubmission, payloadSubmission } from './submission-of-line.ts';

const CATCH_UPS = ['none', 'latest', 'all'] as const;
const OVERLAPS = [
  'allow',
  'skip',
  'queue_one',
  'cancel_running',
  'cancel_oldest',
  'refuse_new',
] as const;

interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly cron: string;
  readonly timeZone?: string;
  readonly message?: string;
  readonly agent: string;
  readonly model?: string;
  readonly system?: string;
  readonly payload?: string;
  readonly pool?: string;
  readonly priority?: number;
  readonly catchUp?: (typeof CATCH_UPS)[number];
  readonly catchUpMax?: number;
  readonly overlap?: (typeof OVERLAPS)[number];
  readonly overlapMax?: number;
  readonly jitter?: number;
}

export function schedulesCommand(around: Surroundings): Command {
  return group('schedules', 'Runs that are submitted again and again', {
    commands: [
      createCommand(around),
      act(serverCommand('list', 'List schedules'), around, list),
      one(around, ['get', 'Show a schedule and what has become of its instants'], get),
      one(around, ['pause', 'Fire nothing until it is resumed'], (context, name) =>
        setPaused(context, name, true),
      ),
      one(around, ['resume', 'Fire again, from the next instant on'], (context, name) =>
        setPaused(context, name, false),
      ),
      one(around, ['delete', 'Delete a schedule; its runs stay'], remove),
      one(around, ['trigger', 'Submit its run now'], trigger),
      act<{ readonly count: number } & ConnectionFlags>(
        serverCommand('next', 'Show the next instants of a schedule')
          .argument('<schedule>', 'its name or id')
          .option('--count <n>', 'how many, up to 100', integer, 5),
        around,
        next,
      ),
    ],
    examples: [
      'sagewai schedules create --name digest --cron "0 7 * * MON-FRI" --time-zone Europe/Berlin \\\n    --model gpt-4o --message "What happened yesterday?" --overlap skip',
      'sagewai schedules next digest',
      'sagewai schedules pause digest',
    ],
  });
}

function createCommand(around: Surroundings): Command {
  const command = serverCommand('create', 'Submit a run at every instant of a cron expression')
    .requiredOption('--name <name>', 'of its own in the project')
    .requiredOption('--cron <expression>', 'minute, hour, day, month, day of week')
    .option('--time-zone <zone>', 'such as Europe/Berlin (default: UTC)')
    .option('--message <text>', 'what to ask the agent')
    .option('--agent <name>', "the agent's name", 'agent')
    .option('--model <model>', 'the model it uses')
    .option('--system <text>', 'its system prompt')
    .option('--payload <file>', 'a JSON payload instead of a message (- for stdin)')
    .option('--pool <pool>', 'the pool to run in')
    .option('--priority <n>', '-100 to 100; higher goes first', integer)
    .addOption(new Option('--catch-up <rule>', 'instants that were missed').choices(CATCH_UPS))
    .option('--catch-up-max <n>', 'at most so many of them', integer)
    .addOption(new Option('--overlap <rule>', 'while its last run goes on').choices(OVERLAPS))
    .option('--overlap-max <n>', 'so many may go on (default: 1)', integer)
    .option('--jitter <duration>', 'each run up to so much later', durationSeconds);
  return act<CreateFlags>(command, around, create);
}

function one(
  around: Surroundings,
  [name, description]: readonly [string, string],
  work: (context: Context, schedule: string) => Promise<void>,
): Command {
  const command = serverCommand(name, description).argument('<schedule>', 'its name or id');
  return act(command, around, (context, _, [schedule = '']) => work(context, schedule));
}

async function create(context: Context, flags: CreateFlags): Promise<void> {
  const { catchUp, catchUpMax, overlap, overlapMax, jitter, timeZone } = flags;
  const created = await context.client.call('runs.createSchedule', {
    body: {
      name: flags.name,
      cron: flags.cron,
      submission: await submissionOf(flags),
      ...(timeZone === undefined ? {} : { time_zone: timeZone }),
      ...(catchUp === undefined ? {} : { catch_up: catchUp }),
      ...(catchUpMax === undefined ? {} : { catch_up_max: catchUpMax }),
      ...(overlap === undefined ? {} : { overlap }),
      ...(overlapMax === undefined ? {} : { overlap_max: overlapMax }),
      ...(jitter === undefined ? {} : { jitter_seconds: jitter }),
    },
  });
  context.show(created, created.id);
  context.terminal.note(`It fires next at ${created.next_at ?? 'no time'}.`);
}

async function submissionOf(flags: CreateFlags): Promise<Pick<Submission, 'payload'>> {
  const { agent, model, system, message, payload, pool, priority } = flags;
  if ((message === undefined) === (payload === undefined)) {
    throw new UsageError('say what to run: --message or --payload');
  }
  const common = {
    ...(pool === undefined ? {} : { pool }),
    ...(priority === undefined ? {} : { priority }),
  };
  const defaults = { agent, model, system, common };
  if (payload === undefined) return agentSubmission(message, defaults);
  return payloadSubmission(await readInput(payload), defaults);
}

async function list(context: Context): Promise<void> {
  const answer = await context.client.call('runs.listSchedules', {});
  const rows = answer.schedules.map((schedule) => [
    schedule.name,
    schedule.cron,
    schedule.time_zone,
    schedule.overlap,
    schedule.paused ? 'paused' : schedule.next_at,
    schedule.id,
  ]);
  const headings = ['name', 'cron', 'time zone', 'overlap', 'next', 'id'];
  context.show(answer, printColumns(headings, rows));
}

async function get(context: Context, schedule: string): Promise<void> {
  const params = { schedule };
  const found = await context.client.call('runs.getSchedule', { params });
  const { firings } = await context.client.call('runs.listFirings', { params });
  const facts = Object.entries(found).map(
    ([name, value]) =>
      `${name.padEnd(15)} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  const rows = firings.map(({ planned_at, how, run_id, error }) => [
    planned_at,
    how,
    run_id,
    error,
  ]);
  const history = printColumns(['planned', 'how', 'run', 'error'], rows);
  context.show({ ...found, firings }, `${facts.join('\n')}\n\n${history}`);
}

async function setPaused(context: Context, schedule: string, paused: boolean): Promise<void> {
  const changed = await context.client.call('runs.updateSchedule', {
    params: { schedule },
    body: { paused },
  });
  context.show(changed, paused ? 'It is paused.' : `It fires next at ${changed.next_at ?? '-'}.`);
}

async function remove(context: Context, schedule: string): Promise<void> {
  const gone = await context.client.call('runs.deleteSchedule', { params: { schedule } });
  context.show(gone, `Deleted ${schedule}.`);
}

async function trigger(context: Context, schedule: string): Promise<void> {
  const made = await context.client.call('runs.triggerSchedule', { params: { schedule } });
  context.show(made, made.run_id);
}

async function next(
  context: Context,
  { count }: { readonly count: number },
  [schedule = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('runs.previewSchedule', {
    params: { schedule },
    query: { count },
  });
  context.show(answer, answer.instants.join('\n'));
}
