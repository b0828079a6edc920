import type { Command } from 'commander';

import { askNewPassword } from '../ask-secret.ts';
import { act, serverCommand } from '../command.ts';
import type { ConnectionFlags, Surroundings } from '../context.ts';

interface SetupFlags extends ConnectionFlags {
  readonly setupToken: string;
  readonly email: string;
  readonly name: string;
  readonly passwordFile?: string;
}

/** Makes the account of the first owner. */
export function setupCommand(around: Surroundings): Command {
  return act<SetupFlags>(
    serverCommand('setup', 'Make the account of the first owner, with the token of the first start')
      .requiredOption('--setup-token <token>', 'what the server has shown when it first started')
      .requiredOption('--email <address>', 'the owner’s e-mail address')
      .requiredOption('--name <name>', 'the owner’s name')
      .option('--password-file <file>', 'a file with the password (default: asked for)')
      .addHelpText(
        'after',
        '\nExample:\n  sagewai setup --setup-token setup-… --email anna@example.com --name "Anna Berg"',
      ),
    around,
    async (context, flags) => {
      const password = await askNewPassword(context.terminal, flags.passwordFile);
      const { organization } = context;
      const made = await context.client.call('identity.setUp', {
        body: {
          token: flags.setupToken,
          email: flags.email,
          name: flags.name,
          password,
          ...(organization === undefined ? {} : { organization }),
        },
      });
      context.show(made, `${made.email} is the first owner.`);
      context.terminal.note(
        `Sign in: sagewai login --email ${made.email} --gateway ${context.url}`,
      );
    },
  );
}
