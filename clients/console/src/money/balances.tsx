import type { CallOutput } from '@sagewai/sdk';
import type { ReactElement } from 'react';

import { shortCount, shortUsd } from '../format/numbers.ts';
import { Meter } from '../ui/meter.tsx';
import { Time } from '../ui/time.tsx';

export type Budget = CallOutput<'ledger.listBudgets'>['budgets'][number];
type Balance = Budget['balances'][number];

const amount = ({ measure }: Balance, text: string): string =>
  measure === 'cost' ? shortUsd(text) : shortCount(Number(text));
const unit = ({ measure }: Balance): string => (measure === 'cost' ? '' : ` ${measure}`);

export const usedShare = ({ settled, reserved, limit }: Balance): number =>
  Number(limit) === 0 ? 1 : (Number(settled) + Number(reserved)) / Number(limit);

/** Each limit: what is spent, what is promised to calls under way, what is left, and until when. */
const IN_PERIOD: Readonly<Record<Balance['period'], string>> = {
  minute: 'a minute',
  hour: 'an hour',
  day: 'a day',
  week: 'a week',
  month: 'a month',
  '30_days': 'in 30 days',
  total: 'in all',
};

export function Balances({ balances }: { balances: readonly Balance[] }): ReactElement {
  if (balances.length === 0) return <span className="text-muted">no limit</span>;
  return (
    <ul className="flex min-w-48 flex-col gap-2">
      {balances.map((balance) => (
        <li key={`${balance.measure} ${balance.period}`} className="flex flex-col gap-1">
          <span className="flex flex-wrap justify-between gap-x-3 text-xs">
            <span
              title={`spent ${balance.settled}, reserved ${balance.reserved}, left ${balance.remaining}, of ${balance.limit}`}
            >
              {amount(balance, balance.settled)} of {amount(balance, balance.limit)}
              {unit(balance)} {IN_PERIOD[balance.period]}
            </span>
            <span className="text-muted">
              {Number(balance.reserved) > 0
                ? `${amount(balance, balance.reserved)} reserved, `
                : ''}
              {amount(balance, balance.remaining)} left
              {balance.resets_at === null ? null : (
                <>
                  , anew <Time at={balance.resets_at} />
                </>
              )}
            </span>
          </span>
          <Meter
            fraction={usedShare(balance)}
            label={`Used of ${balance.measure} ${IN_PERIOD[balance.period]}`}
          />
        </li>
      ))}
    </ul>
  );
}
