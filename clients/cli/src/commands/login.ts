import { createClient } from '@sagewai/sdk';
import { Command } from 'commander';

import { DEFAULT_URL, type Surroundings } from '../context.ts';
import { saveLogin } from '../saved-login.ts';
import { UsageError } from '../usage-error.ts';

interface LoginFlags {
  readonly gateway?: string;
  readonly url?: string;
  readonly token?: string;
  readonly json?: boolean;
}

/** Keeps a server and a token, after trying them. */
export function loginCommand(around: Surroundings): Command {
  const command = new Command('login')
    .description('Keep a server and a token for later commands')
    .option('--gateway <url>', `the server (default ${DEFAULT_URL})`)
    .option('--url <url>', 'the same as --gateway')
    .option('--token <token>', 'the token; asked for when left out (or SAGEWAI_TOKEN)')
    .option('--json', 'print the result as JSON');
  return command.action(async () => {
    const flags = command.opts<LoginFlags>();
    const url = flags.gateway ?? flags.url ?? around.environment['SAGEWAI_URL'] ?? DEFAULT_URL;
    const token = flags.token ?? around.environment['SAGEWAI_TOKEN'] ?? (await askToken(around));
    const client = createClient({ url, token });
    const who = await client.call('identity.whoAmI', {}, { signal: around.signal });
    const file = await saveLogin(around.home, { url, token });
    const place = who.organization ? `organization ${who.organization.name}` : 'the platform';
    around.terminal.out(
      flags.json === true
        ? JSON.stringify({ url, file, ...who })
        : `Logged in to ${url} as ${who.name} of ${place} (${who.scopes.join(', ')}).`,
    );
    around.terminal.note(`Kept in ${file}.`);
  });
}

async function askToken({ terminal }: Surroundings): Promise<string> {
  if (!terminal.interactive) throw new UsageError('give the token: --token, or SAGEWAI_TOKEN');
  const { isCancel, password } = await import('@clack/prompts');
  const answer = await password({ message: 'Access token (sat-…)', output: process.stderr });
  if (isCancel(answer) || !answer) throw new UsageError('no token was given');
  return answer;
}
