import { resolve } from 'node:path';

import { createClient } from '@sagewai/sdk';
import { travelsInClear } from '@sagewai/sdk/node';
import { Command } from 'commander';

import { DEFAULT_URL, type Surroundings } from '../context.ts';
import { createServerSend } from '../create-server-send.ts';
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
    const send = await createServerSend(caFile);
    const { email } = flags;
    const token =
      email === undefined
        ? flags.token ||
          environment['SAGEWAI_TOKEN'] ||
          environment['SAGEWAI_ADMIN_TOKEN'] ||
          (await askToken(around))
        : await signIn(createClient({ url, signal, send }), around.terminal, {
            ...flags,
            email,
            org: organization,
          });
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

async function askToken({ terminal }: Surroundings): Promise<string> {
  if (!terminal.interactive) throw new UsageError('give the token: --token, or SAGEWAI_TOKEN');
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: 'Access token (sat-…)', output: process.stderr });
  if (isCancel(answer) || !answer) throw new UsageError('no token was given');
  return answer;
}
