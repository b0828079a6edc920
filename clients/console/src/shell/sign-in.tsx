import { useQueryClient } from '@tanstack/react-query';
import { Tabs } from 'radix-ui';
import { type ReactElement, useState } from 'react';

import { connection, SERVER_URL } from '../api/server.ts';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';
import { PasswordForm } from './password-form.tsx';
import { SetUpForm } from './set-up-form.tsx';

const TABS = [
  ['account', 'Account'],
  ['sso', 'Single sign-on'],
  ['token', 'Token'],
  ['setup', 'First owner'],
] as const;

export function SignIn(): ReactElement {
  const queries = useQueryClient();
  const enter = (): void => void queries.resetQueries();
  return (
    <main className="grid min-h-dvh place-items-center p-4">
      <div className="border-line bg-panel w-full max-w-sm rounded-md border p-5">
        <h1 className="text-lg font-semibold">Sign in to Sagewai</h1>
        <Tabs.Root defaultValue="account" className="mt-3">
          <Tabs.List aria-label="How to sign in" className="border-line mb-4 flex gap-3 border-b">
            {TABS.map(([value, name]) => (
              <Tabs.Trigger
                key={value}
                value={value}
                className="data-[state=active]:border-accent text-muted data-[state=active]:text-ink -mb-px border-b-2 border-transparent pb-1.5 text-sm"
              >
                {name}
              </Tabs.Trigger>
            ))}
          </Tabs.List>
          <Tabs.Content value="account">
            <PasswordForm onSignedIn={enter} />
          </Tabs.Content>
          <Tabs.Content value="sso">
            <SsoForm />
          </Tabs.Content>
          <Tabs.Content value="token">
            <TokenForm onEntered={enter} />
          </Tabs.Content>
          <Tabs.Content value="setup">
            <SetUpForm onSignedIn={enter} />
          </Tabs.Content>
        </Tabs.Root>
      </div>
    </main>
  );
}

function TokenForm({ onEntered }: { onEntered: () => void }): ReactElement {
  return (
    <Form
      onSubmit={(data) => {
        connection.set({ token: data('token').trim(), organization: null, project: null });
        onEntered();
      }}
      action="Continue"
    >
      <Field
        label="Access token"
        name="token"
        type="password"
        autoComplete="off"
        required
        placeholder="sat-…"
        hint="The administrator’s token that the first start shows, or any other. It is kept in this tab’s memory alone: a reload forgets it."
      />
    </Form>
  );
}

const CONNECTION_ID = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/i;

function SsoForm(): ReactElement {
  const [mistake, setMistake] = useState<string | null>(null);
  const start = (text: string): void => {
    const id = CONNECTION_ID.exec(text)?.[0];
    setMistake(id === undefined ? 'This is neither an id nor an address with one.' : null);
    if (id === undefined) return;
    const back = new URL('console/', `${SERVER_URL}/`).pathname;
    location.assign(`${SERVER_URL}/auth/oidc/${id}/start?return_to=${encodeURIComponent(back)}`);
  };
  return (
    <Form onSubmit={(data) => start(data('connection'))} action="Go to the identity provider">
      <Field
        label="Connection"
        name="connection"
        required
        autoComplete="organization"
        hint="The address that your administrator gave you, or the id in it."
      />
      {mistake === null ? null : (
        <p role="alert" className="text-bad">
          {mistake}
        </p>
      )}
    </Form>
  );
}
