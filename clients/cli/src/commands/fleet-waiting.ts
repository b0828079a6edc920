import type { Command } from 'commander';

import { act, serverCommand } from '../command.ts';
import type { Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

export function waitingCommand(around: Surroundings): Command {
  const command = serverCommand('waiting', 'List what waits, and why nobody can serve some of it');
  return act(command, around, listPending);
}

async function listPending(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listPending', {});
  const rows = answer.queues.map((queue) => [
    queue.pool,
    queue.model ?? 'any',
    [
      ...Object.entries(queue.labels).map(([name, value]) => `${name}=${value}`),
      ...queue.selectors,
    ].join(' '),
    `${queue.pending}${queue.pending_counted ? '' : '+'}`,
    queue.reason,
  ]);
  const headings = ['pool', 'model', 'requires', 'pending', 'unmatchable because'];
  context.show(answer, printColumns(headings, rows));
}
