import { resolve } from 'node:path';

import { createClient, type Send } from '@sagewai/sdk';
import { travelsInClear } from '@sagewai/sdk/node';
import { Command } from 'commander';

import { DEFAULT_URL, type Surroundings } from '../context.ts';
import { createTransport } from '../create-transport.ts';
import { jsonText } from '../json-text.ts';
import { saveLogin } from '../saved-login.ts';
import { serverUrl } from '../server-url.ts';
import { signIn } from '../sign-in.ts';
import { UsageError } from '../usage-error.ts';

interface LoginFlags {
  readonly gateway?: string;
  readonly url?: string;
  readonly token?: string;
  readonly org?: string;
  readonly caFile?: string;
  readonly sso?: string;
  readonly browser?: boolean;
  readonly json?: boolean;
  readonly email?: string;
  readonly passwordFile?: string;
  readonly code?: string;
}

/** Keeps a server and a token, after trying them. */
export function loginCommand(around: Surroundings): Command {
  const command = new Command('login')
    .description('Keep a server and a token for later commands')
    .option('--gateway <url>', `the server (default ${DEFAULT_URL})`)
    .option('--url <url>', 'the same as --gateway')
    .option('--token <token>', 'the token; asked for when left out (or SAGEWAI_TOKEN)')
    .option('--email <address>', 'sign in with an account instead; its password is asked for')
    .option('--password-file <file>', 'a file with that password')
    .option('--code <code>', 'the code of your app, if one is asked for')
    .option('--sso <connection>', 'sign in with a browser, by the id of a connection')
    .option('--no-browser', 'print the address to sign in at, and open nothing')
    .option('--org <name>', 'the organization of later commands, for tokens that may choose')
    .option('--ca-file <file>', 'trust this private authority too, now and later (SAGEWAI_CA_FILE)')
    .option('--json', 'print the result as JSON')
    .addHelpText('after', '\nExample:\n  sagewai login --gateway https://sagewai.internal:8000');
  return command.action(async () => {
    const flags = command.opts<LoginFlags>();
    const { environment, signal } = around;
    const url = serverUrl(
      flags.gateway ||
        flags.url ||
        environment['SAGEWAI_URL'] ||
        environment['FLEET_GATEWAY_URL'] ||
        DEFAULT_URL,
    );
    const organization = flags.org || environment['SAGEWAI_ORGANIZATION'];
    const chosen = organization ? { organization } : {};
    const caFile = flags.caFile || environment['SAGEWAI_CA_FILE'];
    const { send } = await createTransport(caFile);
    const token = await tokenOf(flags, { url, send, around, organization });
    const client = createClient({ url, token, signal, send, ...chosen });
    const who = await client.call('identity.whoAmI', {});
    const file = await saveLogin(around.home, {
      url,
      token,
      ...chosen,
      ...(caFile ? { ca_file: resolve(caFile) } : {}),
    });
    const place = who.organization ? `organization ${who.organization.name}` : 'the platform';
    around.terminal.out(
      flags.json === true
        ? jsonText({ url, file, ...who })
        : `Logged in to ${url} as ${who.name} of ${place}${who.scopes.length > 0 ? ` (${who.scopes.join(', ')})` : ''}.`,
    );
    around.terminal.note(`Kept in ${file}.`);
    if (travelsInClear(url)) around.terminal.note(IN_CLEAR);
  });
}

const IN_CLEAR =
  'Warning: plain HTTP to another machine: the token can be read on the way. Prefer https://.';

async function tokenOf(
  flags: LoginFlags,
  at: {
    readonly url: string;
    readonly send: Send;
    readonly around: Surroundings;
    readonly organization: string | undefined;
  },
): Promise<string> {
  const { environment, signal, terminal } = at.around;
  if (flags.sso !== undefined) {
    if (flags.sso.trim() === '') throw new UsageError('--sso takes the id of a connection');
    const { signInByBrowser } = await import('./sso-login.ts');
    const browse = flags.browser !== false && terminal.interactive;
    return signInByBrowser({ ...at, connection: flags.sso.trim(), signal, terminal, browse });
  }
  const { email } = flags;
  if (email !== undefined) {
    const client = createClient({ url: at.url, signal, send: at.send });
    return signIn(client, terminal, { ...flags, email, org: at.organization });
  }
  return (
    flags.token ||
    environment['SAGEWAI_TOKEN'] ||
    environment['SAGEWAI_ADMIN_TOKEN'] ||
    (await askToken(at.around))
  );
}

async function askToken({ terminal }: Surroundings): Promise<string> {
  if (!terminal.interactive) throw new UsageError('give the token: --token, or SAGEWAI_TOKEN');
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: 'Access token (sat-…)', output: process.stderr });
  if (isCancel(answer) || !answer) throw new UsageError('no token was given');
  return answer;
}
