import { parseLabels } from '@sagewai/config';
import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

interface RoutingFlags extends ConnectionFlags {
  readonly labels?: string;
  readonly pool?: string;
  readonly model?: string;
}

export function routingCommands(around: Surroundings): Command[] {
  return [
    act(
      serverCommand('get-routing', 'Show what every run of a project requires').argument(
        '<project>',
        'its name or id',
        id,
      ),
      around,
      async (context, _, [project = '']) => {
        const answer = await context.client.call('fleet.getProjectRouting', {
          params: { project },
        });
        show(context, answer);
      },
    ),
    act<RoutingFlags>(
      serverCommand('set-routing', 'Pin a project to workers; what is not named is cleared')
        .argument('<project>', 'its name or id', id)
        .option('--labels <labels>', 'every run requires them, as region=eu')
        .option('--pool <pool>', 'for runs that name no pool')
        .option('--model <model>', 'for runs that name no model'),
      around,
      setRouting,
    ),
  ];
}

async function setRouting(
  context: Context,
  { labels: text, pool, model }: RoutingFlags,
  [project = '']: readonly string[],
): Promise<void> {
  const labels = text === undefined ? {} : parseLabels(text);
  if (labels === null) throw new UsageError('--labels: expected labels such as region=eu-west');
  const body = { labels, pool: pool ?? null, model: model ?? null };
  show(
    context,
    await context.client.call('fleet.setProjectRouting', { params: { project }, body }),
  );
}

function show(context: Context, routing: CallOutput<'fleet.getProjectRouting'>): void {
  const labels = Object.entries(routing.labels).map(([name, value]) => `${name}=${value}`);
  const row = [labels.join(',') || 'none', routing.pool, routing.model];
  context.show(routing, printColumns(['required labels', 'default pool', 'default model'], [row]));
}
