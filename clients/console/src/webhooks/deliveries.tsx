import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { shortDuration } from '../format/numbers.ts';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { JsonView } from '../ui/json-view.tsx';
import { Empty } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Delivery = CallOutput<'webhooks.listDeliveries'>['deliveries'][number];

const EVERY_MS = 3_000;
const TONES = { pending: 'info', delivered: 'ok', failed: 'bad' } as const;

/** What was sent to a webhook, newest first; each may be sent again, under its own id. */
export function Deliveries({ webhookId }: { webhookId: string }): ReactElement {
  const [chosen, setChosen] = useState<string | null>(null);
  const { data, error } = useQuery({
    ...ask('webhooks.listDeliveries', { params: { webhook_id: webhookId }, query: { limit: 100 } }),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <>
      {error === null ? null : <Failure error={error} />}
      {data === undefined ? null : (
        <Table
          label="Deliveries"
          rows={data.deliveries}
          keyOf={({ id }) => id}
          empty={<Empty what="Nothing was sent to it yet. Send it a test." />}
          columns={[
            { name: 'State', show: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge> },
            {
              name: 'Event',
              show: ({ id, event_type: type }) => (
                <Button look="quiet" onClick={() => setChosen(id)}>
                  {type}
                </Button>
              ),
            },
            { name: 'Tries', show: ({ attempts }) => attempts, isNumber: true, isExtra: true },
            { name: 'Answered', show: ({ last_status: status }) => status ?? '–', isExtra: true },
            { name: 'Sent', show: ({ created_at: at }) => <Time at={at} /> },
            { name: 'Actions', show: (delivery) => <Again of={delivery} />, isNumber: true },
          ]}
        />
      )}
      <Dialog title="What was sent" isOpen={chosen !== null} onClose={() => setChosen(null)} isWide>
        {chosen === null ? null : <Sent webhookId={webhookId} deliveryId={chosen} />}
      </Dialog>
    </>
  );
}

function Again({ of }: { of: Delivery }): ReactElement {
  const act = useAct('webhooks.redeliver');
  return (
    <>
      <ActButton
        act={act}
        unless={of.state === 'pending' ? 'It is still on its way.' : null}
        onAct={() =>
          void act.run({ params: { webhook_id: of.webhook_id }, body: { delivery_id: of.id } })
        }
      >
        Send again
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

/** The message, and what became of each attempt. */
function Sent({ webhookId, deliveryId }: { webhookId: string; deliveryId: string }): ReactElement {
  const params = { webhook_id: webhookId, delivery_id: deliveryId };
  const { data, error } = useQuery(ask('webhooks.getDelivery', { params }));
  if (error !== null) return <Failure error={error} />;
  if (data === undefined) return <p className="text-muted">Reading …</p>;
  return (
    <>
      <JsonView value={data.body} label="The message" />
      <Table
        label="Attempts"
        rows={data.log}
        keyOf={({ at }) => at}
        empty={<p className="text-muted">It was not tried yet.</p>}
        columns={[
          { name: 'When', show: ({ at }) => <Time at={at} /> },
          { name: 'Took', show: ({ took_ms: ms }) => shortDuration(ms), isNumber: true },
          { name: 'Answered', show: ({ status, error: why }) => status ?? why ?? '–' },
          { name: 'With', show: ({ answer }) => answer ?? '–' },
        ]}
      />
    </>
  );
}
