import type { CallOutput } from '@sagewai/sdk';
import { TOKEN_SCOPES } from '@sagewai/wire';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask, SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { MakeOnce } from '../ui/make-once.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import type { ShownOnceProps } from '../ui/shown-once.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Token = CallOutput<'identity.listTokens'>['tokens'][number];

const DAY_SECONDS = 86_400;
/** What each scope means; a scope includes those before it. */
const MEANS = {
  read: 'read: see everything, change nothing',
  write: 'write: submit runs and make keys too',
  admin: 'admin: administer the organization too',
} as const;

export function TokensPage(): ReactElement {
  const { data, error, refetch } = useQuery(ask('identity.listTokens', { query: { limit: 200 } }));
  return (
    <Page
      title="Access tokens"
      about="What scripts and programs show to this interface. Models are called with virtual keys instead."
      actions={<NewToken />}
    >
      {error === null ? null : <Failure error={error} again={() => void refetch()} />}
      <Panel isFlush>
        {data === undefined ? null : (
          <Table<Token>
            label="Access tokens"
            rows={data.tokens}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="There is no access token yet. Make one above, or:"
                command="sagewai tokens create --name ci --scope write"
              />
            }
            columns={[
              {
                name: 'State',
                show: ({ revoked_at: at }) => (
                  <Badge tone={at === null ? 'ok' : 'idle'}>
                    {at === null ? 'good' : 'revoked'}
                  </Badge>
                ),
              },
              { name: 'Name', show: ({ name }) => name },
              { name: 'May', show: ({ scopes }) => scopes.join(', ') },
              {
                name: 'Used',
                show: ({ last_used_at: at }) => <Time at={at} otherwise="never" />,
                isExtra: true,
              },
              { name: 'Made', show: ({ created_at: at }) => <Time at={at} />, isExtra: true },
              {
                name: 'Expires',
                show: ({ expires_at: at }) => <Time at={at} otherwise="never" />,
                isExtra: true,
              },
              { name: 'Actions', show: (token) => <Revoke token={token} />, isNumber: true },
            ]}
          />
        )}
      </Panel>
    </Page>
  );
}

function Revoke({ token }: { token: Token }): ReactElement {
  const act = useAct('identity.revokeToken');
  return (
    <>
      <ActButton
        act={act}
        look="danger"
        unless={token.revoked_at === null ? null : 'It is revoked.'}
        onAct={() => void act.run({ params: { token_id: token.id } })}
      >
        Revoke
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

function NewToken(): ReactElement {
  const act = useAct('identity.createToken');
  const make = async (data: (name: string) => string): Promise<ShownOnceProps | null> => {
    const scope = TOKEN_SCOPES.find((each) => each === data('scope')) ?? 'read';
    const days = data('days');
    const answer = await act.run({
      body: {
        name: data('name').trim(),
        scopes: [scope],
        ...(days === '' ? {} : { expires_in_seconds: Number(days) * DAY_SECONDS }),
      },
    });
    if (answer === null) return null;
    const { token } = answer;
    return {
      what: 'The access token',
      secret: token,
      snippets: [
        {
          name: 'Command line',
          text: `export SAGEWAI_URL=${SERVER_URL}\nexport SAGEWAI_TOKEN=${token}\nsagewai runs list`,
        },
        {
          name: 'curl',
          text: `curl ${SERVER_URL}/api/v1/runs -H "Authorization: Bearer ${token}"`,
        },
      ],
    };
  };
  return (
    <MakeOnce
      act={act}
      what="access token"
      short="token"
      make={make}
      fields={
        <>
          <Field label="Name" name="name" required autoFocus placeholder="continuous integration" />
          <Choice label="It may" name="scope" defaultValue="read">
            {TOKEN_SCOPES.map((scope) => (
              <option key={scope} value={scope}>
                {MEANS[scope]}
              </option>
            ))}
          </Choice>
          <Field
            label="Days until it expires"
            name="days"
            type="number"
            min={1}
            max={3_650}
            placeholder="never"
          />
        </>
      }
    />
  );
}
