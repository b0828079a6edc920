import { type Command, Option } from 'commander';

import { act, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { type RegisterFlags, registerWorker } from './register-worker.ts';

const STATES = ['pending', 'approved', 'rejected', 'revoked'] as const;

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
    decision(around, 'approve-worker', 'Approve a pending worker', 'fleet.approveWorker'),
    decision(around, 'reject-worker', 'Reject a pending worker', 'fleet.rejectWorker'),
    decision(
      around,
      'revoke-worker',
      'Revoke a worker: its runs go to others',
      'fleet.revokeWorker',
    ),
  ];
}

function decision(
  around: Surroundings,
  name: string,
  description: string,
  endpoint: 'fleet.approveWorker' | 'fleet.rejectWorker' | 'fleet.revokeWorker',
): Command {
  return act(
    serverCommand(name, description).argument('<id>', 'its id', id),
    around,
    async (context, _, [worker = '']) => {
      const answer = await context.client.call(endpoint, { params: { worker_id: worker } });
      context.show(answer, `Worker ${answer.worker_id} is ${answer.status}.`);
    },
  );
}

async function listWorkers(context: Context, { status, pool }: ListFlags): Promise<void> {
  const query = { ...(status ? { status } : {}), ...(pool ? { pool } : {}) };
  const answer = await context.client.call('fleet.listWorkers', { query });
  const rows = answer.workers.map((worker) => [
    worker.id,
    worker.name,
    worker.status,
    worker.pool,
    `${worker.active_runs}/${worker.max_concurrent}`,
    worker.models.join(','),
    showAge(worker.last_heartbeat, context.now()),
    worker.reason,
  ]);
  const headings = ['id', 'name', 'status', 'pool', 'runs', 'models', 'heartbeat', 'reason'];
  context.show(answer, printColumns(headings, rows));
  const [pending] = answer.workers.filter((worker) => worker.status === 'pending');
  if (pending) context.terminal.note(`To let one in: sagewai fleet approve-worker ${pending.id}`);
}
