import type { CallOutput } from '@sagewai/sdk';
import { BUILT_IN_ROLES, type BuiltInRole, type Permission, ROLE_MATRIX } from '@sagewai/wire';
import { useQuery } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { ask } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Badge } from '../ui/badge.tsx';
import { Button } from '../ui/button.tsx';
import { CodeBox } from '../ui/code-box.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { Empty, Page, Panel } from '../ui/panel.tsx';
import { Table } from '../ui/table.tsx';
import { Time } from '../ui/time.tsx';

type Account = CallOutput<'identity.listAccounts'>['accounts'][number];
type Invitation = CallOutput<'identity.listInvitations'>['invitations'][number];

const ROLES = Object.keys(BUILT_IN_ROLES) as BuiltInRole[];

export function PeoplePage(): ReactElement {
  const accounts = useQuery(ask('identity.listAccounts', { query: { limit: 200 } }));
  const invitations = useQuery(ask('identity.listInvitations', {}));
  const assignments = useQuery(ask('identity.listRoleAssignments', { query: { limit: 200 } }));
  const rolesOf = (id: string): string => {
    if (assignments.data === undefined) return '…';
    const roles = [
      ...new Set(
        assignments.data.assignments
          .filter(({ subject_id: of }) => of === id)
          .map(({ role }) => role),
      ),
    ];
    return roles.join(', ') || 'none';
  };
  const open = invitations.data?.invitations.filter(({ state }) => state === 'open') ?? [];
  const error = accounts.error ?? invitations.error ?? assignments.error;
  return (
    <Page
      title="People"
      about="Who may sign in, and what their roles let them do."
      actions={<Invite />}
    >
      {error === null ? null : <Failure error={error} />}
      <Panel title="Accounts" isFlush>
        {accounts.data === undefined ? null : (
          <Table<Account>
            label="Accounts"
            rows={accounts.data.accounts}
            keyOf={({ id }) => id}
            empty={
              <Empty
                what="Nobody has an account yet. The first owner is made by"
                command="sagewai setup --setup-token setup-… --email you@example.com"
              />
            }
            columns={[
              {
                name: 'State',
                show: ({ active }) => (
                  <Badge tone={active ? 'ok' : 'idle'}>{active ? 'active' : 'shut out'}</Badge>
                ),
              },
              { name: 'Name', show: ({ name }) => name },
              { name: 'E-mail address', show: ({ email }) => email },
              { name: 'Roles', show: ({ id }) => rolesOf(id) },
              { name: 'From', show: ({ source }) => source, isExtra: true },
              {
                name: 'Signed in',
                show: ({ last_login_at: at }) => <Time at={at} otherwise="never" />,
                isExtra: true,
              },
              { name: 'Actions', show: (account) => <Active account={account} />, isNumber: true },
            ]}
          />
        )}
      </Panel>
      {open.length === 0 ? null : (
        <Panel title="Invited" isFlush>
          <Table<Invitation>
            label="Open invitations"
            rows={open}
            keyOf={({ id }) => id}
            empty={null}
            columns={[
              { name: 'E-mail address', show: ({ email }) => email },
              { name: 'Role', show: ({ role }) => role },
              { name: 'Expires', show: ({ expires_at: at }) => <Time at={at} /> },
            ]}
          />
        </Panel>
      )}
      <RoleMatrix />
    </Page>
  );
}

function Active({ account }: { account: Account }): ReactElement {
  const act = useAct('identity.setAccountActive');
  const { active } = account;
  return (
    <>
      <ActButton
        act={act}
        look={active ? 'danger' : 'plain'}
        onAct={() => void act.run({ params: { account: account.id }, body: { active: !active } })}
      >
        {active ? 'Shut out' : 'Let in again'}
      </ActButton>
      {act.error === null ? null : <Failure error={act.error} />}
    </>
  );
}

function Invite(): ReactElement {
  const act = useAct('identity.createInvitation');
  const [isOpen, setOpen] = useState(false);
  const [made, setMade] = useState<{
    readonly url: string | null;
    readonly token: string | null;
  } | null>(null);
  const close = (): void => {
    setOpen(false);
    setMade(null);
    act.reset();
  };
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        Invite somebody
      </ActButton>
      <Dialog
        title={made === null ? 'Invite somebody' : 'The invitation is made'}
        isOpen={isOpen}
        onClose={close}
      >
        {made === null ? (
          <Form
            action="Invite"
            isPending={act.isPending}
            onSubmit={(data) =>
              void act
                .run({ body: { email: data('email').trim(), role: data('role') } })
                .then((answer) => answer !== null && setMade(answer))
            }
          >
            <Field label="E-mail address" name="email" type="email" required autoFocus />
            <Choice label="Role" name="role" defaultValue="viewer">
              {ROLES.map((role) => (
                <option key={role} value={role}>
                  {role}: {BUILT_IN_ROLES[role]}
                </option>
              ))}
            </Choice>
            {act.error === null ? null : <Failure error={act.error} />}
          </Form>
        ) : (
          <>
            {made.token === null ? (
              <p>It was sent by mail, and to nobody else.</p>
            ) : (
              <>
                <p className="bg-warn-soft text-warn rounded-md px-3 py-2">
                  Shown this once. Give it to them alone; it works once.
                </p>
                <CodeBox
                  label="The invitation"
                  text={`sagewai accounts accept ${made.url ?? made.token} --name "Their Name"`}
                />
              </>
            )}
            <Button className="self-end" onClick={close}>
              Done
            </Button>
          </>
        )}
      </Dialog>
    </>
  );
}

/** The one matrix that the server decides by. */
function RoleMatrix(): ReactElement {
  const permissions = (Object.keys(ROLE_MATRIX) as Permission[]).filter(
    (permission) => ROLE_MATRIX[permission].length > 0,
  );
  return (
    <Panel title="What each role may do" isFlush>
      <Table<Permission>
        label="Roles and permissions"
        rows={permissions}
        keyOf={(permission) => permission}
        empty={null}
        columns={[
          {
            name: 'Permission',
            show: (permission) => <code className="font-mono text-xs">{permission}</code>,
          },
          ...ROLES.map((role) => ({
            name: role,
            show: (permission: Permission): ReactElement =>
              ROLE_MATRIX[permission].includes(role) ? (
                <span className="text-ok">yes</span>
              ) : (
                <span className="text-muted">–</span>
              ),
          })),
        ]}
      />
    </Panel>
  );
}
