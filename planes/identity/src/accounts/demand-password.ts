import { Fault } from '@sagewai/fault';

import { checkPassword } from './check-password.ts';

/** Throws `request.invalid` when it will not do for whoever has this address and name. */
export function demandPassword(
  password: string,
  { email, name }: { readonly email: string; readonly name: string },
): void {
  const wrong = checkPassword(password, [email, name]);
  if (wrong === null) return;
  throw new Fault('request.invalid', 'the password is not good enough', {
    detail: `Choose another password. ${wrong}`,
    mistakes: [{ part: 'body', path: '/password', message: wrong }],
  });
}
