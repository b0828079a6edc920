import { useMutation } from '@tanstack/react-query';
import { type ReactElement, useState } from 'react';

import { call } from '../api/server.ts';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';

/** E-mail address and password, then a code where the account has a second factor. */
export function PasswordForm({ onSignedIn }: { onSignedIn: () => void }): ReactElement {
  const [challenge, setChallenge] = useState<string | null>(null);
  const password = useMutation({
    mutationFn: (body: { email: string; password: string; organization?: string }) =>
      call('identity.signIn', { body }),
    onSuccess: (answer) => {
      if (answer.kind === 'signed_in') onSignedIn();
      else setChallenge(answer.challenge);
    },
  });
  const second = useMutation({
    mutationFn: (body: { challenge: string; code: string }) =>
      call('identity.signInTotp', { body }),
    onSuccess: onSignedIn,
  });
  if (challenge !== null) {
    return (
      <Form
        action="Sign in"
        isPending={second.isPending}
        onSubmit={(data) => second.mutate({ challenge, code: data('code').trim() })}
      >
        <Field
          label="Code"
          name="code"
          autoComplete="one-time-code"
          required
          autoFocus
          hint="Of your authenticator app, or one of your recovery codes."
        />
        {second.error === null ? null : <Failure error={second.error} />}
      </Form>
    );
  }
  return (
    <Form
      action="Sign in"
      isPending={password.isPending}
      onSubmit={(data) => {
        const organization = data('organization').trim();
        password.mutate({
          email: data('email').trim(),
          password: data('password'),
          ...(organization === '' ? {} : { organization }),
        });
      }}
    >
      <Field label="E-mail address" name="email" type="email" autoComplete="username" required />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="current-password"
        required
      />
      <Field
        label="Organization"
        name="organization"
        autoComplete="organization"
        hint="Only where there are several."
      />
      {password.error === null ? null : <Failure error={password.error} />}
    </Form>
  );
}
