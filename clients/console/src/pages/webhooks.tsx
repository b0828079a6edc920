import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Deliveries } from '../webhooks/deliveries.tsx';
import { NewWebhook } from '../webhooks/new-webhook.tsx';

type Webhook = CallOutput<'webhooks.listWebhooks'>['webhooks'][number];

const EVERY_MS = 5_000;

export function WebhooksPage(): ReactElement {
  const { data, error, refetch } = useQuery({
    ...ask('webhooks.listWebhooks', {}),
    refetchInterval: useEvery(EVERY_MS),
  });
  return (
    <Page
      title="Webhooks"
      about="Who is told what happens: alerts, ends of runs, entries of the log; signed, and tried again."
      actions={<NewWebhook />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      {data?.webhooks.length === 0 ? (
        <Panel>
          <Empty
            what="Nobody is told anything yet. Make one above, or:"
            command="sagewai webhooks create --name on-call --to https://hooks.example.com --events 'run.failed,budget.*'"
          />
        </Panel>
      ) : null}
      {data?.webhooks.map((webhook) => (
        <Panel
          key={webhook.id}
          title={
            <span className="flex flex-wrap items-center gap-2">
              {webhook.name} <State of={webhook} />
            </span>
          }
          actions={<Actions webhook={webhook} />}
          isFlush
        >
          <p className="text-muted px-3 pt-2 text-xs break-all">
            <code className="font-mono">{webhook.url}</code> is told of{' '}
            {webhook.event_types.join(', ') || 'everything'}
            {webhook.disabled_why === null ? '' : `. ${webhook.disabled_why}`}
          </p>
          <Deliveries webhookId={webhook.id} />
        </Panel>
      ))}
    </Page>
  );
}

function State({ of }: { of: Webhook }): ReactElement {
  if (of.disabled_why !== null) return <Badge tone="bad">off</Badge>;
  if (of.failing_since !== null) return <Badge tone="warn">nothing arrives</Badge>;
  return <Badge tone="ok">on</Badge>;
}

function Actions({ webhook }: { webhook: Webhook }): ReactElement {
  const test = useAct('webhooks.testWebhook');
  const update = useAct('webhooks.updateWebhook');
  const remove = useAct('webhooks.deleteWebhook');
  const params = { webhook_id: webhook.id };
  const isOff = webhook.disabled_why !== null;
  const error = test.error ?? update.error ?? remove.error;
  return (
    <>
      <ActButton
        act={test}
        unless={isOff ? 'It is off.' : null}
        onAct={() => void test.run({ params })}
      >
        Send a test
      </ActButton>
      <ActButton act={update} onAct={() => void update.run({ params, body: { enabled: isOff } })}>
        {isOff ? 'Switch on' : 'Switch off'}
      </ActButton>
      <ActButton
        act={remove}
        look="danger"
        unless={isOff ? null : 'Switch it off first: its deliveries go with it.'}
        onAct={() => void remove.run({ params })}
      >
        Delete
      </ActButton>
      {error === null ? null : <Failure error={error} />}
    </>
  );
}
