import { type Command, Option } from 'commander';

import { act, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { showAge } from '../show-duration.ts';
import { type RegisterFlags, registerWorker } from './register-worker.ts';

const STATES = [
  'pending',
  'approved',
  'rejected',
  'revoked',
  'locked',
  'evicted',
  'banned',
] as const;

interface ListFlags extends ConnectionFlags {
  readonly status?: (typeof STATES)[number];
  readonly pool?: string;
}

export function workerCommands(around: Surroundings): Command[] {
  return [
    act<RegisterFlags>(
      serverCommand('register', 'Register a worker of this machine and keep its credential')
        .option('--enrollment-key <key>', 'sk-fleet-…; without one an administrator must approve')
        .option('--name <name>', 'how it shows in lists (default: this host)')
        .option('--pool <pool>', 'the pool it serves', 'default')
        .option('--labels <labels>', 'such as region=us-east-1,tier=production')
        .option('--models <models>', 'models it can run, by comma', list)
        .option('--max-concurrent <n>', 'runs at the same time', integer, 4)
        .option('--wait <duration>', 'how long to try when too many register (5m)', durationSeconds)
        .option('--start', 'go on as the worker'),
      around,
      registerWorker,
    ),
    act<ListFlags>(
      serverCommand('list-workers', 'List workers')
        .addOption(new Option('--status <status>', 'in one state').choices(STATES))
        .option('--pool <pool>', 'of one pool'),
      around,
      listWorkers,
    ),
    removal(around, ['drain', 'Ask a worker to go: it finishes what it has'], 'fleet.drainWorker'),
    removal(around, ['undrain', 'Let a worker stay after all'], 'fleet.undrainWorker'),
    act(worker('approve-worker', 'Approve a pending worker'), around, approve),
    decision(around, 'reject-worker', {
      description: 'Reject a pending worker',
      endpoint: 'fleet.rejectWorker',
    }),
    decision(around, 'revoke-worker', {
      description: 'Revoke a worker: its runs go to others',
      endpoint: 'fleet.revokeWorker',
    }),
    decision(around, 'evict-worker', {
      description: 'End a worker and its credential; its machine may enroll again',
      endpoint: 'fleet.evictWorker',
    }).alias('evict'),
    decision(around, 'ban-worker', {
      description: 'End a worker for good: its key pair may not enroll again',
      endpoint: 'fleet.banWorker',
    }).alias('ban'),
    decision(around, 'unlock-worker', {
      description: 'Let a locked worker work again, with the credential that it has',
      endpoint: 'fleet.unlockWorker',
    }).alias('unlock'),
  ];
}

type Decision =
  | 'fleet.rejectWorker'
  | 'fleet.revokeWorker'
  | 'fleet.evictWorker'
  | 'fleet.banWorker'
  | 'fleet.unlockWorker';

const worker = (name: string, description: string): Command =>
  serverCommand(name, description).argument('<id>', 'its id', id);

function decision(
  around: Surroundings,
  name: string,
  { description, endpoint }: { readonly description: string; readonly endpoint: Decision },
): Command {
  return act(worker(name, description), around, async (context, _, [of = '']) => {
    const answer = await context.client.call(endpoint, { params: { worker_id: of } });
    context.show(answer, `Worker ${answer.worker_id} is ${answer.status}.`);
  });
}

async function approve(
  context: Context,
  _: ConnectionFlags,
  [of = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('fleet.approveWorker', { params: { worker_id: of } });
  const { approvals } = answer;
  const isFirst = approvals !== undefined && approvals.given < approvals.needed;
  context.show(
    answer,
    isFirst
      ? `Approval ${approvals.given} of ${approvals.needed}: another person must approve it too.`
      : `Worker ${answer.worker_id} is ${answer.status}.`,
  );
}

function removal(
  around: Surroundings,
  [name, description]: readonly [string, string],
  endpoint: 'fleet.drainWorker' | 'fleet.undrainWorker',
): Command {
  return act(
    serverCommand(name, description).argument('<id>', 'its id', id),
    around,
    async (context, _, [worker = '']) => {
      const answer = await context.client.call(endpoint, { params: { worker_id: worker } });
      const holds = answer.safe ? 'holds nothing' : `still has ${answer.active_runs} runs`;
      const told = answer.draining ? `is given nothing more, and ${holds}` : 'works again';
      context.show(answer, `Worker ${answer.worker_id} ${told}.`);
    },
  );
}

async function listWorkers(context: Context, { status, pool }: ListFlags): Promise<void> {
  const query = { ...(status ? { status } : {}), ...(pool ? { pool } : {}) };
  const answer = await context.client.call('fleet.listWorkers', { query });
  const rows = answer.workers.map((worker) => [
    worker.id,
    worker.name,
    worker.draining ? `${worker.status}, draining` : worker.status,
    worker.pool,
    `${worker.active_runs}/${worker.max_concurrent}`,
    worker.version,
    worker.models.join(','),
    probeText(worker),
    showAge(worker.last_heartbeat, context.now()),
    worker.reason,
  ]);
  const headings = [
    'id',
    'name',
    'status',
    'pool',
    'runs',
    'version',
    'models',
    'probe',
    'heartbeat',
    'reason',
  ];
  context.show(answer, printColumns(headings, rows));
  const [pending] = answer.workers.filter((worker) => worker.status === 'pending');
  if (pending) context.terminal.note(`To let one in: sagewai fleet approve-worker ${pending.id}`);
}

/** `healthy`, or what it cannot reach. */
function probeText(worker: {
  readonly probe_status: string;
  readonly probes: readonly { readonly model: string; readonly reachable: boolean | null }[];
}): string {
  if (worker.probe_status !== 'degraded') return worker.probe_status;
  const sick = worker.probes.filter(({ reachable }) => reachable === false);
  return `degraded: ${sick.map(({ model }) => model).join(',')}`;
}
