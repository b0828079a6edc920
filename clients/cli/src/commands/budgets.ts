import type { CallInput, CallOutput } from '@sagewai/sdk';
import { Argument, type Command } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';
import { type LimitFlags, limitsOf, showLimits, withLimits } from './limit-flags.ts';
import { simulateCommand } from './simulate-budget.ts';

type Budget = CallOutput<'ledger.listBudgets'>['budgets'][number];
type Limits = NonNullable<CallInput<'ledger.setBudget'>['body']>;

const LIMITED = ['organization', 'project'] as const;

export function budgetsCommand(around: Surroundings): Command {
  return group('budgets', 'What the organization and its projects may spend', {
    commands: [
      act(serverCommand('list', 'List limits, and what is left'), around, listBudgets),
      act<ConnectionFlags & LimitFlags>(
        withLimits(
          serverCommand('set', 'Change limits; those that are not named stay')
            .addArgument(new Argument('<scope>', 'whose limits').choices(LIMITED))
            .argument('[name]', 'of the project; its name or id'),
          { removable: true },
        ),
        around,
        setBudget,
      ),
      simulateCommand(around),
    ],
    examples: [
      'sagewai budgets set organization --usd-per-month 2000',
      'sagewai budgets set project staging --usd-per-day 20 --requests-per-minute none',
      'sagewai budgets list',
      'sagewai budgets simulate project staging --usd-per-day 20 --since 7d',
    ],
  });
}

async function listBudgets(context: Context): Promise<void> {
  const answer = await context.client.call('ledger.listBudgets', { query: { limit: 200 } });
  const rows = answer.budgets.flatMap((budget) =>
    budget.balances.map(
      ({ measure, period, limit, settled, reserved, remaining, resets_at: resetsAt }) => [
        budget.scope_kind,
        budget.scope_id,
        period === 'total' ? `${measure} in total` : `${measure} a ${period}`,
        limit,
        settled,
        reserved,
        remaining,
        resetsAt,
      ],
    ),
  );
  const headings = ['scope', 'id', 'limit of', 'limit', 'used', 'reserved', 'left', 'until'];
  context.show(answer, printColumns(headings, rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 budgets.');
}

async function setBudget(
  context: Context,
  flags: LimitFlags,
  [kind, name]: readonly string[],
): Promise<void> {
  const given = limitsOf(flags) as Limits;
  if (Object.keys(given).length === 0) throw new UsageError('say at least one limit');
  const params = { scope_kind: kind as (typeof LIMITED)[number], scope_id: await idOf(kind, name) };
  const { budgets } = await context.client.call('ledger.listBudgets', { query: params });
  // The endpoint replaces all of them; who changes one does not mean the others.
  const body = { ...kept(budgets[0]), ...given };
  const answer = await context.client.call('ledger.setBudget', { params, body });
  context.show(answer, showLimits(answer));

  async function idOf(scope: string | undefined, of: string | undefined): Promise<string> {
    if (scope === 'project') {
      if (of === undefined) throw new UsageError('say which project');
      const project = await context.client.call('identity.getProject', { params: { project: of } });
      return project.id;
    }
    if (of !== undefined) throw new UsageError('the organization is the one of --org');
    const { organization } = await context.client.call('identity.whoAmI', {});
    if (organization === null) throw new UsageError('say which organization: --org');
    return organization.id;
  }
}

function kept(budget: Budget | undefined): Limits {
  if (budget === undefined) return {};
  const { scope_kind: _kind, scope_id: _id, balances: _balances, ...limits } = budget;
  return limits;
}
