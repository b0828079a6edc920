import type { CallInput, CallOutput } from '@sagewai/sdk';
import { Argument, type Command } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { UsageError } from '../usage-error.ts';
import { type LimitFlags, limitsOf, showLimits, withLimits } from './limit-flags.ts';
import {
  FACETS,
  idOfScope,
  type PartFlags,
  partsCommand,
  setPart,
  withParts,
} from './part-limits.ts';
import { simulateCommand } from './simulate-budget.ts';

type Budget = CallOutput<'ledger.listBudgets'>['budgets'][number];
type Kind = Budget['scope_kind'];
type Limits = NonNullable<CallInput<'ledger.setBudget'>['body']>;

const SCOPES = ['organization', 'project', 'team', 'person', 'key'] as const;

export function budgetsCommand(around: Surroundings): Command {
  return group('budgets', 'What the organization and its projects may spend', {
    commands: [
      act(
        serverCommand('list', 'List limits, and what is left').addArgument(
          new Argument('[scope]', 'only those of such; parts are listed only so').choices([
            ...SCOPES,
            ...FACETS,
          ]),
        ),
        around,
        listBudgets,
      ),
      act<ConnectionFlags & LimitFlags & PartFlags>(
        withLimits(
          withParts(
            serverCommand('set', 'Change limits; those that are not named stay')
              .addArgument(new Argument('<scope>', 'whose limits').choices(SCOPES))
              .argument('[name]', 'of the project; its name or id'),
          ),
          { removable: true },
        ),
        around,
        (context, flags, args) =>
          flags.each === undefined && flags.only === undefined
            ? setBudget(context, flags, args)
            : setPart(context, flags, args),
      ),
      partsCommand(around),
      simulateCommand(around),
    ],
    examples: [
      'sagewai budgets set organization --usd-per-month 2000',
      'sagewai budgets set project staging --usd-per-day 20 --requests-per-minute none',
      'sagewai budgets set project staging --each session --usd-in-total 2',
      'sagewai budgets set key 0198… --only model=gpt-4o --usd-per-day 10',
      'sagewai budgets list',
      'sagewai budgets simulate project staging --usd-per-day 20 --since 7d',
    ],
  });
}

async function listBudgets(
  context: Context,
  _flags: ConnectionFlags,
  [kind]: readonly string[],
): Promise<void> {
  const query = { limit: 200, ...(kind === undefined ? {} : { scope_kind: kind as Kind }) };
  const answer = await context.client.call('ledger.listBudgets', { query });
  const rows = answer.budgets.flatMap((budget) =>
    budget.balances.map(
      ({ measure, period, limit, settled, reserved, remaining, resets_at: resetsAt }) => [
        budget.scope_kind,
        budget.part === null ? budget.scope_id : `${budget.part.name} of ${budget.part.scope_kind}`,
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
  if (kind !== 'organization' && kind !== 'project') {
    throw new UsageError(`the limits of a ${kind} are its own: say which part, --each or --only`);
  }
  const params = { scope_kind: kind, scope_id: await idOfScope(context, kind, name) } as const;
  const { budgets } = await context.client.call('ledger.listBudgets', { query: params });
  // The endpoint replaces all of them; who changes one does not mean the others.
  const body = { ...kept(budgets[0]), ...given };
  const answer = await context.client.call('ledger.setBudget', { params, body });
  context.show(answer, showLimits(answer));
}

function kept(budget: Budget | undefined): Limits {
  if (budget === undefined) return {};
  const { scope_kind: _kind, scope_id: _id, part: _part, balances: _balances, ...limits } = budget;
  return limits;
}
