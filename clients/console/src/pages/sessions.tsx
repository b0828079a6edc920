import type { CallOutput } from '@sagewai/sdk';
import { useQuery } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { ask, connection } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Failure } from '../ui/failure.tsx';
import { Facts, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Session = CallOutput<'identity.listOwnSessions'>['sessions'][number];

/** One's own account, and where one is signed in. */
export function SessionsPage(): ReactElement {
  const isToken = connection.use().token !== null;
  const sessions = useQuery({ ...ask('identity.listOwnSessions', {}), enabled: !isToken });
  const account = useQuery({ ...ask('identity.getOwnAccount', {}), enabled: !isToken });
  const error = sessions.error ?? account.error;
  return (
    <Page title="Your account" about="How you may sign in, and where you are signed in.">
      {isToken ? <p>You are here with a token, which is nobody’s account.</p> : null}
      {error === null ? null : <Failure error={error} />}
      {account.data === undefined ? null : (
        <Panel title={account.data.name}>
          <Facts
            of={[
              ['E-mail address', account.data.email],
              [
                'Authenticator app',
                account.data.has_totp
                  ? `on, ${account.data.recovery_codes_left} recovery codes left`
                  : 'off: turn it on with sagewai accounts totp on',
              ],
              ['Passkeys', account.data.passkeys.map(({ name }) => name).join(', ') || 'none'],
              [
                'Password changed',
                <Time key="changed" at={account.data.password_changed_at} otherwise="never" />,
              ],
            ]}
          />
        </Panel>
      )}
      {sessions.data === undefined ? null : (
        <Panel title="Sessions" isFlush>
          <Table<Session>
            label="Your sessions"
            rows={sessions.data.sessions}
            keyOf={({ id }) => id}
            empty={<p className="text-muted">You are signed in nowhere.</p>}
            columns={[
              {
                name: 'State',
                show: ({ is_current: isCurrent }) => (
                  <Badge tone={isCurrent ? 'ok' : 'idle'}>
                    {isCurrent ? 'this one' : 'another'}
                  </Badge>
                ),
              },
              { name: 'By', show: ({ method }) => method },
              { name: 'From', show: ({ address }) => address },
              {
                name: 'With',
                show: ({ user_agent: agent }) => (
                  <span title={agent} className="block max-w-72 truncate">
                    {agent}
                  </span>
                ),
                isExtra: true,
              },
              { name: 'Seen', show: ({ last_seen_at: at }) => <Time at={at} />, isExtra: true },
              { name: 'Ends', show: ({ expires_at: at }) => <Time at={at} />, isExtra: true },
              { name: 'Actions', show: (session) => <End session={session} />, isNumber: true },
            ]}
          />
        </Panel>
      )}
    </Page>
  );
}

function End({ session }: { session: Session }): ReactElement {
  const act = useAct('identity.endOwnSession');
  return (
    <>
      <ActButton
        act={act}
        look="danger"
        unless={session.is_current ? 'Sign out instead.' : null}
        onAct={() => void act.run({ params: { session_id: session.id } })}
      >
        End
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}
