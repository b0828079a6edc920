import type { Command } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';
import { showDuration } from '../show-duration.ts';

interface RemoveFlags extends ConnectionFlags {
  readonly drain?: boolean;
  readonly resume?: boolean;
}

interface PendingFlags extends ConnectionFlags {
  readonly pool?: string;
  readonly model?: string;
}

export function scalingCommands(around: Surroundings): Command[] {
  return [
    act<PendingFlags>(
      serverCommand('pending', 'How much waits, and who could serve it')
        .option('--pool <pool>', 'of one pool')
        .option('--model <model>', 'of one model'),
      around,
      showPending,
    ),
    act<RemoveFlags>(
      serverCommand('safe-to-remove', 'Whether a worker holds no run; exit code 5 when it does')
        .argument('<id>', 'its id', id)
        .option('--drain', 'give it nothing more first; it stays so until --resume')
        .option('--resume', 'let it work again'),
      around,
      askWhetherSafe,
    ),
  ];
}

async function showPending(context: Context, { pool, model }: PendingFlags): Promise<void> {
  const query = { ...(pool ? { pool } : {}), ...(model ? { model } : {}) };
  const answer = await context.client.call('fleet.readScaling', { query });
  const row = [
    answer.pending_runs,
    answer.unmatchable,
    answer.blocked_by_quota,
    showDuration(answer.oldest_age_seconds * 1_000),
    answer.active_runs,
    answer.workers,
    answer.slots,
  ];
  const headings = ['pending', 'unmatchable', 'blocked', 'oldest', 'running', 'workers', 'slots'];
  context.show(answer, printColumns(headings, [row]));
}

async function askWhetherSafe(
  context: Context,
  { drain, resume }: RemoveFlags,
  [worker = '']: readonly string[],
): Promise<void> {
  const query = drain ? { drain: 'true' as const } : resume ? { drain: 'false' as const } : {};
  const answer = await context.client.call('fleet.askWhetherSafe', {
    params: { worker_id: worker },
    query,
  });
  const holds = `it holds ${answer.active_runs} runs`;
  const drains = answer.draining ? 'it is given nothing more' : 'it may be given runs';
  context.show(answer, `${answer.safe ? 'Safe' : 'Not safe'}: ${holds}; ${drains}.`);
  if (!answer.safe) context.end(EXIT.conflict);
}
