import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { call } from '../api/server.ts';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';

interface Owner {
  readonly token: string;
  readonly email: string;
  readonly name: string;
  readonly password: string;
}

/** There is no default password: the setup token of the first start makes the first owner, once. */
export function SetUpForm({ onSignedIn }: { onSignedIn: () => void }): ReactElement {
  const made = useMutation({
    mutationFn: async ({ token, email, name, password }: Owner) => {
      await call('identity.setUp', { body: { token, email, name, password } });
      return call('identity.signIn', { body: { email, password } });
    },
    onSuccess: onSignedIn,
  });
  return (
    <Form
      action="Make the first owner"
      isPending={made.isPending}
      onSubmit={(data) =>
        made.mutate({
          token: data('token').trim(),
          email: data('email').trim(),
          name: data('name').trim(),
          password: data('password'),
        })
      }
    >
      <Field
        label="Setup token"
        name="token"
        type="password"
        autoComplete="off"
        required
        placeholder="setup-…"
        hint="Shown once by the first start; under npm run up it stands in logs/server.log of its home."
      />
      <Field label="E-mail address" name="email" type="email" autoComplete="username" required />
      <Field label="Name" name="name" autoComplete="name" required />
      <Field
        label="Password"
        name="password"
        type="password"
        autoComplete="new-password"
        required
        minLength={15}
        hint="15 characters or more; a few words in a row will do."
      />
      {made.error === null ? null : <Failure error={made.error} />}
    </Form>
  );
}
