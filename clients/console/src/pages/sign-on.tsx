import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { NewConnection, redirectUriOf } from '../settings/new-connection.tsx';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { CodeBox } from '../ui/code-box.tsx';
import { Failure } from '../ui/failure.tsx';
import { Empty, Facts, Page, Panel } from '../ui/panel.tsx';

type Connection = CallOutput<'sso.getConnection'>;

export function SignOnPage(): ReactElement {
  const { data, error, refetch } = useQuery(ask('sso.listConnections', {}));
  return (
    <Page
      title="Single sign-on"
      about="Identity providers of the organization: who signs in there, and as what they come here."
      actions={<NewConnection />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      {data?.connections.length === 0 ? (
        <Panel>
          <Empty
            what="No provider is connected: people sign in with passwords. Connect one above, or:"
            command="sagewai sso create --name okta --issuer https://acme.okta.com --client-id ID --secret-file -"
          />
        </Panel>
      ) : null}
      {data?.connections.map((connection) => (
        <OneConnection key={connection.id} connection={connection} />
      ))}
      <Panel title="Accounts by SCIM">
        <div className="flex flex-col gap-2">
          <p>
            A provider that knows who joins and who leaves tells it to this address, with an access
            token of its own:
          </p>
          <CodeBox text={`${SERVER_URL}/scim/v2`} label="The address for SCIM" />
          <Empty
            what="The token is made by:"
            command="sagewai scim token --name okta --expires 365d"
          />
        </div>
      </Panel>
    </Page>
  );
}

function OneConnection({ connection }: { connection: Connection }): ReactElement {
  const { name, enabled, enforced } = connection;
  return (
    <Panel
      title={
        <span className="flex flex-wrap items-center gap-2">
          {name}
          <Badge tone={enabled ? 'ok' : 'idle'}>{enabled ? 'on' : 'off'}</Badge>
          {enforced ? <Badge tone="info">passwords are refused</Badge> : null}
        </span>
      }
      actions={<Actions connection={connection} />}
    >
      <div className="flex flex-col gap-3">
        <Facts of={factsOf(connection)} />
        <TestResult connection={connection} />
      </div>
    </Panel>
  );
}

function Actions({ connection }: { connection: Connection }): ReactElement {
  const update = useAct('sso.updateConnection');
  const remove = useAct('sso.deleteConnection');
  const params = { connection: connection.id };
  const { enabled, enforced } = connection;
  const error = update.error ?? remove.error;
  return (
    <>
      <ActButton
        act={update}
        onAct={() => void update.run({ params, body: { enforced: !enforced } })}
      >
        {enforced ? 'Let passwords in again' : 'Refuse passwords'}
      </ActButton>
      <ActButton
        act={update}
        onAct={() => void update.run({ params, body: { enabled: !enabled } })}
      >
        {enabled ? 'Switch off' : 'Switch on'}
      </ActButton>
      <ActButton
        act={remove}
        look="danger"
        unless={enabled ? 'Switch it off first: sign-ins by it end with it.' : null}
        onAct={() => void remove.run({ params })}
      >
        Delete
      </ActButton>
      {error === null ? null : <Failure error={error} />}
    </>
  );
}

/** What the provider says of itself, read as a sign-in would read it. */
function TestResult({ connection }: { connection: Connection }): ReactElement {
  const act = useAct('sso.testConnection');
  const [problems, setProblems] = useState<readonly string[] | null>(null);
  const test = async (): Promise<void> => {
    const answer = await act.run({ params: { connection: connection.id } });
    setProblems(answer?.problems ?? null);
  };
  if (act.objection !== null) return <Button objection={act.objection}>Test it</Button>;
  return (
    <div className="flex flex-col items-start gap-2">
      <Button disabled={act.isPending} onClick={() => void test()}>
        {act.isPending ? 'Asking …' : 'Test it'}
      </Button>
      {act.error === null ? null : <Failure error={act.error} />}
      {problems?.length === 0 ? (
        <p role="status" className="text-ok">
          Nothing stands in the way of a sign-in.
        </p>
      ) : null}
      {problems?.map((problem) => (
        <p key={problem} role="alert" className="text-warn">
          {problem}
        </p>
      ))}
    </div>
  );
}

function factsOf(of: Connection): readonly (readonly [string, ReactElement | string])[] {
  const code = (text: string): ReactElement => (
    <code className="font-mono text-xs break-all">{text}</code>
  );
  const roles = of.group_roles.map(
    ({ group, role, project_id: project }) =>
      `${group} → ${role}${project === null ? '' : ' of one project'}`,
  );
  return [
    ['Issuer', code(of.issuer)],
    ['Client', code(of.client_id)],
    ['Secret', of.has_client_secret ? 'sealed' : 'none'],
    ['Speaks for', of.email_domains.join(', ') || 'nobody: it makes and finds no account'],
    ['Roles of groups', roles.join(', ') || 'none'],
    [
      'Who may come',
      of.provisioning === 'known_accounts' ? 'those with an account' : 'everybody of its domains',
    ],
    ['People begin at', code(`${SERVER_URL}${of.start_path}`)],
    ['They come back to', code(redirectUriOf(of.id))],
  ];
}
