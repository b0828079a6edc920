import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { Balances } from '../money/balances.tsx';
import { NewKey } from '../money/new-key.tsx';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time, useNow } from '../ui/time.tsx';

type Key = CallOutput<'gateway.listKeys'>['keys'][number];

const EVERY_MS = 3_000;

export function KeysPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const keys = useQuery({ ...ask('gateway.listKeys', { query: { limit: 200 } }), refetchInterval });
  const budgets = useQuery({
    ...ask('ledger.listBudgets', { query: { scope_kind: 'key', limit: 200 } }),
    refetchInterval,
  });
  const balancesOf = new Map(
    budgets.data?.budgets.map(({ scope_id: id, balances }) => [id, balances]),
  );
  const rows = (keys.data?.keys ?? []).toSorted(
    (a, b) => Number(a.revoked_at !== null) - Number(b.revoked_at !== null),
  );
  return (
    <Page
      title="Keys"
      about="Virtual keys: what programs call models with, and what each may spend."
      actions={<NewKey />}
    >
      {keys.error === null ? null : (
        <Failure error={keys.error} again={() => void keys.refetch()} />
      )}
      <Panel isFlush>
        {keys.data === undefined ? null : (
          <Table
            label="Virtual keys"
            rows={rows}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="There is no virtual key yet. Make one above, or:"
                command="sagewai key create --name web"
              />
            }
            columns={[
              { name: 'State', show: (key) => <State of={key} /> },
              { name: 'Name', show: ({ name }) => name },
              {
                name: 'Key',
                show: ({ hint }) => <code className="font-mono text-xs">{hint}</code>,
                isExtra: true,
              },
              {
                name: 'Models',
                show: ({ models }) => models.join(', ') || 'every model',
                isExtra: true,
              },
              { name: 'Spent', show: ({ id }) => <Balances balances={balancesOf.get(id) ?? []} /> },
              { name: 'Made', show: ({ created_at: at }) => <Time at={at} />, isExtra: true },
              {
                name: 'Expires',
                show: ({ expires_at: at }) => <Time at={at} otherwise="never" />,
                isExtra: true,
              },
              { name: 'Actions', show: (key) => <Actions of={key} />, isNumber: true },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function State({ of }: { of: Key }): ReactElement {
  const nowMs = useNow();
  if (of.revoked_at !== null) return <Badge tone="idle">revoked</Badge>;
  if (of.blocked_at !== null) return <Badge tone="warn">blocked</Badge>;
  if (of.expires_at !== null && Date.parse(of.expires_at) < nowMs)
    return <Badge tone="idle">expired</Badge>;
  return <Badge tone="ok">good</Badge>;
}

function Actions({ of }: { of: Key }): ReactElement {
  const update = useAct('gateway.updateKey');
  const revoke = useAct('gateway.revokeKey');
  const params = { key_id: of.id };
  const isBlocked = of.blocked_at !== null;
  const unless = of.revoked_at === null ? null : 'It is revoked.';
  const error = update.error ?? revoke.error;
  return (
    <span className="flex flex-wrap justify-end gap-1.5">
      <ActButton
        act={update}
        unless={unless}
        onAct={() => void update.run({ params, body: { blocked: !isBlocked } })}
      >
        {isBlocked ? 'Let it go on' : 'Block'}
      </ActButton>
      <ActButton
        act={revoke}
        look="danger"
        unless={unless}
        onAct={() => void revoke.run({ params })}
      >
        Revoke
      </ActButton>
      {error === null ? null : <Failure error={error} />}
    </span>
  );
}
