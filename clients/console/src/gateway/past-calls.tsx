import type { ReactElement } from 'react';

import { shortCount } from '../format/numbers.ts';
import { Badge } from '../ui/badge.tsx';
import { Empty } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import type { Rerouted } from './route-again.ts';

/** A dry run: nothing is called. */
export function PastCalls({ rerouted }: { rerouted: readonly Rerouted[] }): ReactElement {
  return (
    <Table<Rerouted>
      label="Past calls, routed again"
      rows={rerouted}
      keyOf={({ requested, deployment }) => `${requested} ${deployment}`}
      empty={
        <Empty
          what="No model was called yet. Call one in the playground, or:"
          command={'sagewai runs submit --model simulated --message "Hello"'}
        />
      }
      columns={[
        { name: 'Asked for', show: ({ requested }) => requested },
        { name: 'Calls', show: ({ calls }) => shortCount(calls), isNumber: true },
        { name: 'Went to', show: ({ deployment }) => deployment },
        {
          name: 'Would go to',
          show: ({ now, isOther }) => (
            <span className="flex flex-wrap items-center gap-2">
              {now ?? 'nowhere'}
              {isOther ? (
                <Badge tone={now === null ? 'bad' : 'warn'}>another way</Badge>
              ) : (
                <Badge tone="ok">the same</Badge>
              )}
            </span>
          ),
        },
        {
          name: 'Fell back',
          show: ({ fellBack }) => shortCount(fellBack),
          isNumber: true,
          isExtra: true,
        },
        {
          name: 'Tried in vain',
          show: ({ triedInVain }) => shortCount(triedInVain),
          isNumber: true,
          isExtra: true,
        },
      ]}
    />
  );
}
