import { useMutation } from '@tanstack/react-query';
import type { ReactElement } from 'react';

import { proof } from '../api/prove-again.ts';
import { call } from '../api/server.ts';
import { Dialog } from '../ui/dialog.tsx';
import { Failure } from '../ui/failure.tsx';
import { Field } from '../ui/field.tsx';
import { Form } from '../ui/form.tsx';

/** Sensitive changes ask who is there, when that was proved too long ago. */
export function ProveDialog(): ReactElement {
  const asked = proof.use();
  const proving = useMutation({
    mutationFn: (body: { password?: string; code?: string }) =>
      call('identity.reauthenticate', { body }),
    onSuccess: () => asked?.given(),
  });
  return (
    <Dialog title="Is it still you?" isOpen={asked !== null} onClose={() => proof.get()?.refused()}>
      <Form
        action="Go on"
        isPending={proving.isPending}
        onSubmit={(data) => {
          const code = data('code').trim();
          proving.mutate({ password: data('password'), ...(code === '' ? {} : { code }) });
        }}
      >
        <p className="text-muted">This change asks for your password again.</p>
        <Field
          label="Password"
          name="password"
          type="password"
          autoComplete="current-password"
          required
        />
        <Field
          label="Code"
          name="code"
          autoComplete="one-time-code"
          hint="Where you have an authenticator app."
        />
        {proving.error === null ? null : <Failure error={proving.error} />}
      </Form>
    </Dialog>
  );
}
