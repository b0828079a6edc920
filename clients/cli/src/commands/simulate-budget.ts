import type { CallInput, CallOutput } from '@sagewai/sdk';
import { Argument, type Command } from 'commander';

import { act, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { ago } from '../read-instant.ts';
import { UsageError } from '../usage-error.ts';
import { type LimitFlags, limitsOf, withLimits } from './limit-flags.ts';

type Query = NonNullable<CallInput<'ledger.simulateBudget'>['query']>;
type Simulation = CallOutput<'ledger.simulateBudget'>;

interface Flags extends ConnectionFlags, LimitFlags {
  readonly since?: string;
  readonly until?: string;
}

const SCOPES = [
  'organization',
  'project',
  'team',
  'person',
  'key',
  'agent',
  'session',
  'tag',
] as const satisfies readonly Query['scope_kind'][];

export function simulateCommand(around: Surroundings): Command {
  return act<Flags>(
    withLimits(
      serverCommand('simulate', 'Tell what limits would have refused of the calls of the past')
        .addArgument(new Argument('<scope>', 'whose calls').choices(SCOPES))
        .argument('[name]', 'its id; of a project also its name')
        .option('--since <day>', 'a UTC day (2026-11-01), or how long ago (default: 7d)')
        .option('--until <day>', 'a UTC day, which counts, or how long ago (default: today)'),
      { removable: false },
    ),
    around,
    simulate,
  );
}

async function simulate(
  context: Context,
  flags: Flags,
  [kind, name]: readonly string[],
): Promise<void> {
  const limits = limitsOf(flags) as Partial<Query>;
  if (Object.keys(limits).length === 0) throw new UsageError('say at least one limit');
  const query = {
    ...limits,
    scope_kind: kind as Query['scope_kind'],
    scope_id: await idOf(context, kind, name),
    ...(flags.since === undefined ? {} : { since: dayOf(flags.since, context.now()) }),
    ...(flags.until === undefined ? {} : { until: dayOf(flags.until, context.now()) }),
  };
  const answer = await context.client.call('ledger.simulateBudget', { query });
  context.show(answer, tell(answer));
  if (!answer.is_whole) {
    context.terminal.note(
      `There were more calls: this is of those until ${answer.read_until ?? answer.since}. Say --until.`,
    );
  }
}

async function idOf(
  context: Context,
  kind: string | undefined,
  name: string | undefined,
): Promise<string> {
  if (kind !== 'organization') {
    if (name === undefined) throw new UsageError(`say which ${kind}`);
    return name;
  }
  if (name !== undefined) throw new UsageError('the organization is the one of --org');
  const { organization } = await context.client.call('identity.whoAmI', {});
  if (organization === null) throw new UsageError('say which organization: --org');
  return organization.id;
}

function tell(of: Simulation): string {
  const all = `of ${of.calls} calls ($${of.cost_usd}) since ${of.since}`;
  const unpriced =
    of.unpriced_calls === 0
      ? []
      : [`${of.unpriced_calls} calls have no known price: a limit on money lets them pass.`];
  if (of.refused_calls === 0) return [`Would have refused none ${all}.`, ...unpriced].join('\n');
  const limits = of.by_limit.map((each) => [
    each.period === 'total' ? `${each.measure} in total` : `${each.measure} a ${each.period}`,
    String(each.refused_calls),
    `$${each.refused_usd}`,
  ]);
  const groups = of.by_key_and_model.map((each) => [
    each.key_id ?? '-',
    each.model,
    String(each.refused_calls),
    `$${each.refused_usd}`,
    each.first_refused_at,
  ]);
  return [
    `Would have refused ${of.refused_calls} ($${of.refused_usd}) ${all}, first at ${of.first_refused_at ?? '-'}.`,
    ...unpriced,
    '',
    printColumns(['limit of', 'refused', 'cost'], limits),
    '',
    printColumns(['key', 'model', 'refused', 'cost', 'first'], groups),
  ].join('\n');
}

function dayOf(text: string, now: Date): string {
  if (/^\d{4}-\d{2}-\d{2}$/.test(text)) return text;
  return ago(text, now).toISOString().slice(0, 10);
}
