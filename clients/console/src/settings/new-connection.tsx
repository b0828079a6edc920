import { type ReactElement, useState } from 'react';

import { SERVER_URL } from '../api/server.ts';
import { useAct } from '../api/use-act.ts';
import { ActButton } from '../ui/act-button.tsx';
import { Button } from '../ui/button.tsx';
import { CodeBox } from '../ui/code-box.tsx';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Choice, Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { wordsOf } from '../ui/words-of.ts';
import { readGroupRoles } from './read-group-roles.ts';

export const redirectUriOf = (id: string): string => `${SERVER_URL}/auth/oidc/${id}/callback`;

/** Connects an identity provider, and says what to tell it. */
export function NewConnection(): ReactElement {
  const act = useAct('sso.createConnection');
  const [isOpen, setOpen] = useState(false);
  const [mistake, setMistake] = useState<string | null>(null);
  const [madeId, setMadeId] = useState<string | null>(null);
  const close = (): void => {
    setOpen(false);
    setMadeId(null);
    setMistake(null);
    act.reset();
  };
  const make = async (data: (name: string) => string): Promise<void> => {
    const roles = readGroupRoles(data('roles'));
    setMistake(typeof roles === 'string' ? roles : null);
    if (typeof roles === 'string') return;
    const secret = data('secret');
    const made = await act.run({
      body: {
        name: data('name').trim(),
        issuer: data('issuer').trim(),
        client_id: data('client').trim(),
        ...(secret === '' ? {} : { client_secret: secret }),
        scopes: wordsOf(data('scopes')),
        email_domains: wordsOf(data('domains')),
        group_roles: [...roles],
        provisioning: data('provisioning') === 'known' ? 'known_accounts' : 'first_sign_in',
      },
    });
    if (made !== null) setMadeId(made.id);
  };
  return (
    <>
      <ActButton act={act} look="main" onAct={() => setOpen(true)}>
        Connect a provider
      </ActButton>
      <Dialog
        title={madeId === null ? 'Connect an identity provider' : 'The provider is connected'}
        isOpen={isOpen}
        onClose={close}
        isWide
      >
        {madeId === null ? (
          <Form action="Connect" isPending={act.isPending} onSubmit={(data) => void make(data)}>
            <ConnectionFields />
            {mistake === null ? null : <p className="text-bad">{mistake}</p>}
            {act.error === null ? null : <Failure error={act.error} />}
          </Form>
        ) : (
          <>
            <p>Tell the provider that people come back to this address:</p>
            <CodeBox text={redirectUriOf(madeId)} label="The redirect URI" />
            <Button onClick={close} className="self-end">
              Done
            </Button>
          </>
        )}
      </Dialog>
    </>
  );
}

function ConnectionFields(): ReactElement {
  return (
    <>
      <div className="grid gap-3 sm:grid-cols-2">
        <Field
          label="Name"
          name="name"
          required
          autoFocus
          placeholder="corporate"
          hint="For you to recognise it by."
        />
        <Field
          label="Issuer"
          name="issuer"
          type="url"
          required
          placeholder="https://acme.okta.com"
        />
        <Field label="Client id" name="client" required autoComplete="off" />
        <Field
          label="Client secret"
          name="secret"
          type="password"
          autoComplete="off"
          hint="Sealed, and shown to nobody again."
        />
        <Field label="Scopes" name="scopes" defaultValue="openid, email, profile, groups" />
        <Field
          label="E-mail domains"
          name="domains"
          placeholder="acme.com"
          hint="The provider speaks for these alone."
        />
      </div>
      <Field
        label="Roles of groups"
        name="roles"
        placeholder="engineering=developer, ops=operator@billing"
        hint="GROUP=ROLE or GROUP=ROLE@PROJECT, several by comma; * is everybody."
      />
      <Choice label="Who may come" name="provisioning" defaultValue="first">
        <option value="first">
          everybody of these domains: they get an account when they sign in
        </option>
        <option value="known">those who have an account already</option>
      </Choice>
    </>
  );
}
