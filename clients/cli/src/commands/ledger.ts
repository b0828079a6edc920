import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';

type Verification = CallOutput<'ledger.verifyLedger'>;

export function ledgerCommand(around: Surroundings): Command {
  return group('ledger', 'Whether the books are right', {
    commands: [
      act(
        serverCommand(
          'verify',
          'Compare balances and sums with the rows of the ledger; ends with 1 when they differ',
        ),
        around,
        verify,
      ),
    ],
    examples: ['sagewai ledger verify', 'sagewai ledger verify --json'],
  });
}

async function verify(context: Context): Promise<void> {
  const answer = await context.client.call('ledger.verifyLedger', {});
  context.show(answer, tell(answer));
  if (!answer.is_right) context.end(EXIT.error);
}

function tell(of: Verification): string {
  const {
    settled,
    expired,
    corrected,
    reserved,
    in_shares: shares,
    lost_shares: lost,
  } = of.entries;
  const entries = [
    ['settled', String(settled.calls), `$${settled.usd}`],
    ['expired, cost unknown', String(expired.calls), `$${expired.usd}`],
    ['corrected after that', String(corrected.calls), `$${corrected.usd}`],
    ['reserved, under way', String(reserved.calls), `$${reserved.usd}`],
    ['shares with replicas', String(shares.shares), `$${shares.usd}`],
    ['shares lost', String(lost.shares), `$${lost.usd}`],
  ];
  const differences = [
    ...of.balances.flatMap((each) => {
      const name = `${each.scope_kind} ${each.scope_id}, ${each.measure} a ${each.period}`;
      return [
        [`settled of ${name}`, each.settled.told, each.settled.derived],
        [`reserved of ${name}`, each.reserved.told, each.reserved.derived],
      ];
    }),
    ...of.sums.flatMap((each) => {
      const name = `${each.day}, ${each.kind} ${each.name}`.trimEnd();
      return [
        [`calls of ${name}`, each.calls.told, each.calls.derived],
        [`cost of ${name}`, each.cost_usd.told, each.cost_usd.derived],
        [`tokens of ${name}`, each.tokens.told, each.tokens.derived],
      ];
    }),
  ].filter(([, told, derived]) => told !== derived);
  const compared = of.sums_compared
    ? 'balances and sums'
    : 'balances (there are too many rows to compare the sums of days)';
  return [
    printColumns(['entries', 'count', 'amount'], entries),
    '',
    of.is_right
      ? `Right: ${compared} are those of ${of.rows} rows.`
      : `Wrong: ${of.balances.length} balances and ${of.sums.length} sums are not those of their rows.`,
    ...(differences.length === 0
      ? []
      : [printColumns(['what', 'told', 'by its rows'], differences)]),
  ].join('\n');
}
