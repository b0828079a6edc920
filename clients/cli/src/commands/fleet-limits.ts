import type { CallInput, CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';
import { countOrNone, type None, orNull, type StartRate, startRate } from './read-rate.ts';

interface LimitFlags extends ConnectionFlags {
  readonly maxRunning?: number | None;
  readonly maxQueued?: number | None;
  readonly maxStarts?: StartRate | None;
  readonly weight?: number;
}

interface PlaceFlags extends ConnectionFlags {
  readonly pool?: string;
}

type Project = CallOutput<'fleet.listProjects'>['projects'][number];
type Backlog = Pick<Project, 'paused' | 'pending' | 'blocked' | 'oldest_at'>;

/** How workers are shared: weights, caps, rates, bounds and pauses. */
export function limitCommands(around: Surroundings): Command[] {
  return [
    group('projects', 'What each project may have waiting and running', {
      commands: [
        act(serverCommand('list', 'List limits, and what waits'), around, listProjects),
        act<LimitFlags>(
          limitOptions(serverCommand('set', 'Change the limits of a project'))
            .argument('<project>', 'its name or id', id)
            .option('--max-running <n>', 'runs at once, or none', countOrNone)
            .option('--weight <n>', "its share of the workers, beside the others' 1", weight),
          around,
          setProject,
        ),
      ],
      examples: [
        'sagewai fleet projects list',
        'sagewai fleet projects set research --max-running 20 --weight 2',
        'sagewai fleet projects set batch --max-queued 100000 --max-running none',
      ],
    }),
    group('queues', 'What each pool may have waiting and starting', {
      commands: [
        act(serverCommand('list', 'List limits, and what waits'), around, listPools),
        act<LimitFlags>(
          limitOptions(
            serverCommand(
              'set',
              'Change the limits of a pool, or with --project of one project in it',
            ),
          ).argument('<pool>', 'its name', id),
          around,
          setPool,
        ),
      ],
      examples: [
        'sagewai fleet queues list',
        'sagewai fleet queues set gpu --max-starts 10/s',
        'sagewai fleet queues set gpu --project research --max-starts 300/min',
      ],
    }),
    pausing(
      around,
      'pause',
      'Pause a project or a pool: what waits goes on waiting, what runs ends',
    ),
    pausing(around, 'resume', 'Resume a project or a pool'),
  ];
}

function limitOptions(command: Command): Command {
  return command
    .option('--max-queued <n>', 'runs that may wait, or none; beyond it 429', countOrNone)
    .option('--max-starts <rate>', 'runs that may start, as 10/s or 300/min, or none', startRate);
}

function weight(text: string): number {
  const value = Number(text);
  if (text.trim() === '' || !(value > 0))
    throw new InvalidArgumentError('expected a number above 0');
  return value;
}

function pausing(around: Surroundings, name: 'pause' | 'resume', description: string): Command {
  return act<PlaceFlags>(
    serverCommand(name, description).option('--pool <pool>', 'its name'),
    around,
    async (context, { project, pool }) => {
      if (project === undefined && pool === undefined) {
        throw new UsageError('say which: --project, --pool, or both');
      }
      const body = { ...(project ? { project } : {}), ...(pool ? { pool } : {}) };
      const answer = await context.client.call(`fleet.${name}`, { body });
      const what = [...(project ? [`project ${project}`] : []), ...(pool ? [`pool ${pool}`] : [])];
      const state = answer.paused ? 'paused' : 'not paused';
      context.show(
        answer,
        `${what.join(' in ')} is ${state}${answer.changed ? '' : ', as before'}.`,
      );
    },
  );
}

async function listProjects(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listProjects', {});
  const rows = answer.projects.map((project) => [
    project.name,
    String(project.weight),
    project.max_running ?? 'none',
    project.max_queued ?? 'none',
    showRate(project.max_starts),
    ...showBacklog(project, context.now()),
  ]);
  const headings = ['project', 'weight', 'max running', 'max queued', 'max starts', ...BACKLOG];
  context.show(answer, printColumns(headings, rows));
}

async function setProject(
  context: Context,
  flags: LimitFlags,
  [project = '']: readonly string[],
): Promise<void> {
  const body: CallInput<'fleet.setProject'>['body'] = {
    ...shared(flags),
    ...(flags.maxRunning === undefined ? {} : { max_running: orNull(flags.maxRunning) }),
    ...(flags.weight === undefined ? {} : { weight: flags.weight }),
  };
  const answer = await context.client.call('fleet.setProject', { params: { project }, body });
  const row = [
    String(answer.weight),
    answer.max_running ?? 'none',
    answer.max_queued ?? 'none',
    showRate(answer.max_starts),
  ];
  context.show(answer, printColumns(['weight', 'max running', 'max queued', 'max starts'], [row]));
}

async function listPools(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listQueues', {});
  const rows = answer.queues.map((pool) => [
    pool.pool,
    pool.project_id ?? 'all',
    pool.max_queued ?? 'none',
    showRate(pool.max_starts),
    ...showBacklog(pool, context.now()),
  ]);
  const headings = ['pool', 'project', 'max queued', 'max starts', ...BACKLOG];
  context.show(answer, printColumns(headings, rows));
}

async function setPool(
  context: Context,
  flags: LimitFlags,
  [pool = '']: readonly string[],
): Promise<void> {
  const { project } = flags;
  const body = { ...shared(flags), ...(project ? { project } : {}) };
  const answer = await context.client.call('fleet.setQueue', { params: { pool }, body });
  const row = [answer.max_queued ?? 'none', showRate(answer.max_starts)];
  context.show(answer, printColumns(['max queued', 'max starts'], [row]));
}

function shared({ maxQueued, maxStarts }: LimitFlags): CallInput<'fleet.setQueue'>['body'] {
  return {
    ...(maxQueued === undefined ? {} : { max_queued: orNull(maxQueued) }),
    ...(maxStarts === undefined ? {} : { max_starts: orNull(maxStarts) }),
  };
}

const BACKLOG = ['state', 'waiting', 'held back', 'oldest'];

function showBacklog({ paused, pending, blocked, oldest_at: oldest }: Backlog, now: Date) {
  const held = Object.entries(blocked).filter(([, count]) => count > 0);
  return [
    paused ? 'paused' : 'open',
    pending,
    held.map(([by, count]) => `${count} by ${by}`).join(', ') || null,
    showAge(oldest, now),
  ];
}

function showRate(rate: StartRate | null): string {
  return rate === null ? 'none' : `${rate.count} in ${rate.per_seconds} s`;
}
