import type { SagewaiClient } from '@sagewai/sdk';

import { askCode, askSecret } from './ask-secret.ts';
import type { Terminal } from './terminal.ts';

export interface SignInFlags {
  readonly email: string;
  readonly org?: string | undefined;
  readonly passwordFile?: string | undefined;
  readonly code?: string | undefined;
}

/** Signs in with a password, and a code if one is asked for. The value of the session. */
export async function signIn(
  client: SagewaiClient,
  terminal: Terminal,
  flags: SignInFlags,
): Promise<string> {
  const password = await askSecret(terminal, {
    message: `Password of ${flags.email}`,
    file: flags.passwordFile,
  });
  const answer = await client.call('identity.signIn', {
    body: {
      email: flags.email,
      password,
      deliver: 'body',
      ...(flags.org ? { organization: flags.org } : {}),
    },
  });
  if (answer.kind === 'signed_in') return sessionOf(answer);
  const code = await askCode(terminal, flags.code);
  const { challenge } = answer;
  return sessionOf(
    await client.call('identity.signInTotp', { body: { challenge, code, deliver: 'body' } }),
  );
}

/** The value that a session has from now on. */
export function sessionOf({ session }: { readonly session: string | null }): string {
  if (session === null) throw new Error('the server has sent no session');
  return session;
}
