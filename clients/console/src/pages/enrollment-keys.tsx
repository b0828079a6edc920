import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { NewEnrollmentKey } from '../fleet/new-enrollment-key.tsx';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time, useNow } from '../ui/time.tsx';

type Key = CallOutput<'fleet.listEnrollmentKeys'>['keys'][number];

export function EnrollmentKeysPage(): ReactElement {
  const { data, error, refetch } = useQuery(ask('fleet.listEnrollmentKeys', {}));
  return (
    <Page
      title="Enrollment keys"
      about="What a machine shows once to become a worker."
      actions={<NewEnrollmentKey />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table
            label="Enrollment keys"
            rows={data.keys}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="There is no enrollment key yet. Make one above, or:"
                command="sagewai fleet create-key --name lab"
              />
            }
            columns={[
              { name: 'Name', show: ({ name }) => name },
              { name: 'State', show: (key) => <State of={key} /> },
              {
                name: 'Uses',
                show: ({ current_uses: uses, max_uses: max }) =>
                  `${uses} of ${max ?? 'any number'}`,
                isNumber: true,
              },
              {
                name: 'Pools',
                show: ({ allowed_pools: pools }) => pools.join(', ') || 'any',
                isExtra: true,
              },
              {
                name: 'Models',
                show: ({ allowed_models: models }) => models.join(', ') || 'any',
                isExtra: true,
              },
              {
                name: 'Workers',
                show: ({ auto_approve: isAuto }) => (isAuto ? 'work at once' : 'wait for a person'),
                isExtra: true,
              },
              {
                name: 'Expires',
                show: ({ expires_at: at }) => <Time at={at} otherwise="never" />,
                isExtra: true,
              },
              { name: 'Made', show: ({ created_at: at }) => <Time at={at} />, isExtra: true },
              { name: 'Actions', show: (key) => <Revoke of={key} />, isNumber: true },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function State({ of }: { of: Key }): ReactElement {
  const nowMs = useNow();
  if (of.revoked) return <Badge tone="idle">revoked</Badge>;
  if (of.expires_at !== null && Date.parse(of.expires_at) < nowMs)
    return <Badge tone="idle">expired</Badge>;
  if (of.max_uses !== null && of.current_uses >= of.max_uses)
    return <Badge tone="idle">used up</Badge>;
  return <Badge tone="ok">good</Badge>;
}

function Revoke({ of }: { of: Key }): ReactElement {
  const act = useAct('fleet.revokeEnrollmentKey');
  return (
    <>
      <ActButton
        act={act}
        look="danger"
        unless={of.revoked ? 'It is revoked.' : null}
        onAct={() => void act.run({ params: { key_id: of.id } })}
      >
        Revoke
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}
