import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import type { ReactElement } from 'react';

import { NewAlertRule } from '../alerts/new-alert-rule.tsx';
import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { useEvery } from '../shell/live.ts';
import { ActButton } from '../ui/act-button.tsx';
import { ActDialog } from '../ui/act-dialog.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Rule = CallOutput<'ledger.listAlertRules'>['rules'][number];
type Email = CallOutput<'trust.listAlertEmails'>['emails'][number];
type Webhook = CallOutput<'webhooks.listWebhooks'>['webhooks'][number];

const EVERY_MS = 5_000;
const TONES = { pending: 'info', delivered: 'ok', failed: 'bad' } as const;

/** Who is told, by which way, and what was sent. */
export function AlertsPage(): ReactElement {
  const refetchInterval = useEvery(EVERY_MS);
  const rules = useQuery({ ...ask('ledger.listAlertRules', {}), refetchInterval });
  const webhooks = useQuery({ ...ask('webhooks.listWebhooks', {}), refetchInterval });
  const emails = useQuery({
    ...ask('trust.listAlertEmails', { query: { limit: 100 } }),
    refetchInterval,
  });
  const error = rules.error ?? webhooks.error ?? emails.error;
  return (
    <Page
      title="Alerts"
      about="Who is told when spend reaches a part of its limit, and by which way people are told of anything."
      actions={
        <>
          <TestEmail />
          <NewAlertRule />
        </>
      }
    >
      {error === null ? null : <Failure error={error} />}
      <Panel title="Rules about spend" isFlush>
        {rules.data === undefined ? null : <Rules rules={rules.data.rules} />}
      </Panel>
      <Panel title="Webhooks" isFlush>
        {webhooks.data === undefined ? null : <Webhooks webhooks={webhooks.data.webhooks} />}
      </Panel>
      <Panel title="E-mails" isFlush>
        {emails.data === undefined ? null : <Emails emails={emails.data.emails} />}
      </Panel>
    </Page>
  );
}

function Rules({ rules }: { rules: readonly Rule[] }): ReactElement {
  const projects = useQuery(ask('identity.listProjects', { query: { limit: 200 } }));
  const names = new Map(projects.data?.projects.map(({ id, name }) => [id, name]));
  return (
    <Table<Rule>
      label="Rules about spend"
      rows={rules}
      keyOf={({ id }) => id}
      empty={
        <Empty
          what="Nobody is told of spend before it is refused. Make a rule above, or:"
          command="sagewai alerts add-rule --name everything --period month --limit-usd 2000 --on-forecast"
        />
      }
      columns={[
        { name: 'Name', show: ({ name }) => name },
        {
          name: 'Spend of',
          show: ({ project_id: project, agent_name: agent }) =>
            [project === null ? 'the organization' : (names.get(project) ?? project), agent]
              .filter((part) => part !== null)
              .join(', agent '),
        },
        { name: 'In a', show: ({ period }) => period, isExtra: true },
        {
          name: 'Limit',
          show: ({ limit_usd: usd }) => (usd === null ? 'that there is' : `$${usd}`),
          isNumber: true,
          isExtra: true,
        },
        {
          name: 'Told at',
          show: ({ thresholds, on_forecast: isForeseen }) =>
            `${thresholds.map((part) => `${part} %`).join(', ')}${isForeseen ? ', or foreseen' : ''}`,
        },
        {
          name: 'E-mail to',
          show: ({ email_to: to }) => to.join(', ') || '–',
          isExtra: true,
        },
        { name: 'Actions', show: (rule) => <Delete rule={rule} />, isNumber: true },
      ]}
    />
  );
}

function Delete({ rule }: { rule: Rule }): ReactElement {
  const act = useAct('ledger.deleteAlertRule');
  return (
    <>
      <ActButton
        act={act}
        look="danger"
        onAct={() => void act.run({ params: { rule_id: rule.id } })}
      >
        Delete
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

function Webhooks({ webhooks }: { webhooks: readonly Webhook[] }): ReactElement {
  return (
    <Table<Webhook>
      label="Webhooks that are told"
      rows={webhooks}
      keyOf={({ id }) => id}
      empty={
        <Empty
          what="No other system is told anything."
          command="sagewai webhooks create --name on-call --to https://hooks.example.com --events 'run.failed,budget.*'"
        />
      }
      columns={[
        {
          name: 'State',
          show: ({ disabled_why: why, failing_since: since }) =>
            why !== null ? (
              <Badge tone="bad">off</Badge>
            ) : since !== null ? (
              <Badge tone="warn">nothing arrives</Badge>
            ) : (
              <Badge tone="ok">on</Badge>
            ),
        },
        {
          name: 'Name',
          show: ({ name }) => (
            <Link to="/webhooks" className="text-accent hover:underline">
              {name}
            </Link>
          ),
        },
        { name: 'Is told of', show: ({ event_types: types }) => types.join(', ') || 'everything' },
      ]}
    />
  );
}

function Emails({ emails }: { emails: readonly Email[] }): ReactElement {
  return (
    <Table<Email>
      label="E-mails that were sent"
      rows={emails}
      keyOf={({ id }) => id}
      empty={
        <Empty
          what="No e-mail was sent yet. Try whether one arrives:"
          command="sagewai alerts test-email anna@example.com"
        />
      }
      columns={[
        { name: 'State', show: ({ state }) => <Badge tone={TONES[state]}>{state}</Badge> },
        { name: 'To', show: ({ to }) => to },
        { name: 'Subject', show: ({ subject }) => subject, isExtra: true },
        { name: 'Of', show: ({ event_type: type }) => type, isExtra: true },
        { name: 'The mail server said', show: ({ last_error: error }) => error ?? '–' },
        { name: 'Sent', show: ({ created_at: at }) => <Time at={at} /> },
      ]}
    />
  );
}

function TestEmail(): ReactElement {
  const act = useAct('trust.testAlertEmail');
  return (
    <ActDialog
      act={act}
      title="Send a test by e-mail"
      button="Test e-mail …"
      look="plain"
      action="Send it"
      onSubmit={(data) => act.run({ body: { to: data('to').trim() } })}
      fields={<Field label="To" name="to" type="email" required autoFocus />}
    />
  );
}
