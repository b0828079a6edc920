import type { Command } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { durationSeconds } from '../read-duration.ts';

interface TokenFlags extends ConnectionFlags {
  readonly name: string;
  readonly expires?: number;
}

export function scimCommand(around: Surroundings): Command {
  return group('scim', 'Users and groups that an identity provider keeps in step (SCIM 2.0)', {
    commands: [
      act<TokenFlags>(
        serverCommand('token', 'Create a token for an identity provider; it does nothing but SCIM')
          .requiredOption('--name <name>', 'the provider that gets it')
          .option('--expires <duration>', 'such as 365d (default: never)', durationSeconds),
        around,
        createToken,
      ),
    ],
    examples: ['sagewai scim token --name okta --expires 365d', 'sagewai tokens revoke ID'],
  });
}

async function createToken(context: Context, { name, expires }: TokenFlags): Promise<void> {
  const created = await context.client.call('identity.createToken', {
    body: {
      name,
      scopes: ['scim'],
      ...(expires === undefined ? {} : { expires_in_seconds: expires }),
    },
  });
  context.show(created, created.token);
  context.terminal.note(`Base URL for the provider: ${context.url}/scim/v2`);
  context.terminal.note(
    `Store the token now: it is not shown again. \`sagewai tokens revoke ${created.id}\` ends it.`,
  );
}
