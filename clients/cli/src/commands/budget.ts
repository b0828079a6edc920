import type { CallInput, CallOutput } from '@sagewai/sdk';
import { type Command, Option } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';

type SoftLimit = CallOutput<'ledger.listSoftLimits'>['limits'][number];
type NewLimit = NonNullable<CallInput<'ledger.setSoftLimit'>['body']>;

interface SetFlags extends ConnectionFlags {
  readonly usdPerDay?: string;
  readonly usdPerMonth?: string;
  readonly action?: 'warn' | 'throttle' | 'stop';
  readonly fallback?: readonly string[];
  readonly month?: 'calendar' | 'trailing_30_days';
  readonly setHard?: boolean;
}

const AGENT = '<agent>';
const WHOSE = 'the agent, as calls name it; "*" is the whole project';

export function budgetCommand(around: Surroundings): Command {
  const limits = serverCommand('limits', 'List the soft limits of a project');
  const set = serverCommand('set', 'Replace the soft limit of an agent')
    .argument(AGENT, WHOSE, id)
    .option('--usd-per-day <usd>', 'what it should spend in a UTC day')
    .option('--usd-per-month <usd>', 'what it should spend in a month')
    .addOption(
      new Option('--action <action>', 'what happens beyond it')
        .choices(['warn', 'throttle', 'stop'])
        .default('warn'),
    )
    .option('--fallback <model...>', 'the models it is throttled to, in order')
    .addOption(
      new Option('--month <month>', 'which month').choices(['calendar', 'trailing_30_days']),
    )
    .option('--set-hard', 'of "*": sets the advised hard limit too, where the project has none');
  return group('budget', 'What agents should spend, and what they have', {
    commands: [
      act(limits, around, listLimits),
      act<SetFlags>(set, around, setLimit),
      act(
        serverCommand('delete', 'Delete the soft limit of an agent').argument(AGENT, WHOSE, id),
        around,
        deleteLimit,
      ),
      act(
        serverCommand('status', 'What an agent has spent, and where it is going').argument(
          AGENT,
          WHOSE,
          id,
        ),
        around,
        showStatus,
      ),
      act<ConnectionFlags & { readonly model?: string }>(
        serverCommand('check', 'Ask whether an agent may go on; ends with 1 when it may not')
          .argument(AGENT, WHOSE, id)
          .option('--model <model>', 'the model it is about to call'),
        around,
        check,
      ),
    ],
    examples: [
      'sagewai budget set coder --usd-per-day 5 --action throttle --fallback gpt-4o-mini llama3.2 --project web',
      "sagewai budget set '*' --usd-per-day 50 --action stop --set-hard --project web",
      'sagewai budget status coder --project web',
      'sagewai budget check coder --model gpt-4o --project web',
    ],
  });
}

async function listLimits(context: Context): Promise<void> {
  const answer = await context.client.call('ledger.listSoftLimits', {});
  const rows = answer.limits.map((limit) => [
    limit.agent_name,
    limit.max_daily_usd,
    limit.max_monthly_usd,
    limit.action,
    limit.fallback_chain.join(', '),
    limit.month,
  ]);
  const headings = ['agent', 'a day', 'a month', 'beyond it', 'throttled to', 'month'];
  context.show(answer, printColumns(headings, rows));
}

async function setLimit(
  context: Context,
  flags: SetFlags,
  [agent = '']: readonly string[],
): Promise<void> {
  if (flags.usdPerDay === undefined && flags.usdPerMonth === undefined) {
    throw new UsageError('say --usd-per-day or --usd-per-month');
  }
  const body: NewLimit = {
    max_daily_usd: flags.usdPerDay ?? null,
    max_monthly_usd: flags.usdPerMonth ?? null,
    ...(flags.action ? { action: flags.action } : {}),
    ...(flags.fallback ? { fallback_chain: [...flags.fallback] } : {}),
    ...(flags.month ? { month: flags.month } : {}),
    ...(flags.setHard ? { set_hard: true } : {}),
  };
  const answer = await context.client.call('ledger.setSoftLimit', { params: { agent }, body });
  const { usd_per_day: day, usd_per_month: month, is_set: isSet } = answer.advised_hard;
  const hard = [day && `$${day}/day`, month && `$${month}/month`].filter(Boolean).join(', ');
  const advice = isSet ? `hard limit of the project: ${hard}` : `advised as a hard limit: ${hard}`;
  context.show(answer, `${showLimit(answer)}\n${advice}`);
}

async function deleteLimit(
  context: Context,
  _flags: ConnectionFlags,
  [agent = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('ledger.deleteSoftLimit', { params: { agent } });
  context.show(answer, `${agent} has no soft limit any more`);
}

async function showStatus(
  context: Context,
  _flags: ConnectionFlags,
  [agent = '']: readonly string[],
): Promise<void> {
  const answer = await context.client.call('ledger.getBudgetStatus', { params: { agent } });
  const rows = [
    ['limit', answer.limit === null ? 'none' : showLimit(answer.limit)],
    ['status', answer.status],
    ['today', `$${answer.daily_spend_usd}`],
    ['this month', `$${answer.monthly_spend_usd}`],
    ['left', answer.remaining_usd === null ? null : `$${answer.remaining_usd}`],
    ['at the end of the day', `$${answer.forecast.end_of_day_usd}`],
    ['at the end of the month', `$${answer.forecast.end_of_month_usd}`],
  ];
  context.show(answer, printColumns(['what', agent], rows));
}

async function check(
  context: Context,
  flags: { readonly model?: string },
  [agent = '']: readonly string[],
): Promise<void> {
  const body = { agent_name: agent, ...(flags.model ? { model: flags.model } : {}) };
  const answer = await context.client.call('ledger.checkBudget', { body });
  const next = answer.fallback_model === null ? '' : `, by ${answer.fallback_model}`;
  const why = answer.reason === null ? '' : `: ${answer.reason}`;
  context.show(answer, `${answer.action}${next}${why}`);
  if (!answer.allowed) context.end(EXIT.error);
}

function showLimit({
  max_daily_usd: day,
  max_monthly_usd: month,
  action,
}: Pick<SoftLimit, 'max_daily_usd' | 'max_monthly_usd' | 'action'>): string {
  const amounts = [day !== null && `$${day}/day`, month !== null && `$${month}/month`];
  return `${amounts.filter(Boolean).join(', ')}, then ${action}`;
}
