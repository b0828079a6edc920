import { FLEET_EVENT_TYPES } from '@sagewai/wire';
import { type Command, Option } from 'commander';

import { act, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

interface AuditFlags extends ConnectionFlags {
  readonly type?: string;
  readonly worker?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
  readonly cursor?: string;
}

export const fleetAuditCommand = (around: Surroundings): Command =>
  act<AuditFlags>(
    serverCommand('audit', 'What happened to workers, keys and runs, newest first')
      .addOption(new Option('--type <type>', 'of one type').choices(FLEET_EVENT_TYPES))
      .option('--worker <id>', 'of one worker', id)
      .option('--since <instant>', 'ISO 8601')
      .option('--until <instant>', 'ISO 8601')
      .option('--limit <n>', 'how many', integer, 50)
      .option('--cursor <cursor>', 'go on where the last answer ended'),
    around,
    listEvents,
  );

async function listEvents(context: Context, flags: AuditFlags): Promise<void> {
  const { type, worker, since, until, limit, cursor } = flags;
  const given = { event_type: type, worker_id: worker, since, until, cursor };
  const query = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const answer = await context.client.call('fleet.listEvents', { query: { ...query, limit } });
  const rows = answer.events.map((event) => [
    event.created_at,
    event.event_type,
    event.worker_id,
    event.subject ?? countOf(event.details),
    event.actor,
  ]);
  context.show(answer, printColumns(['at', 'type', 'worker', 'about', 'by'], rows));
  if (answer.next_cursor !== null) {
    context.terminal.note(`There is more: --cursor ${answer.next_cursor}`);
  }
}

function countOf({ count }: Readonly<Record<string, unknown>>): string | null {
  return typeof count === 'number' ? `${count} runs` : null;
}
