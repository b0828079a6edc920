import { TOKEN_SCOPES, type TokenScope } from '@sagewai/wire';
import { type Command, Option } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { showAge } from '../show-duration.ts';

interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly scope: TokenScope;
  readonly for?: string;
  readonly expires?: number;
  readonly serviceAccount?: string;
  readonly singleUse?: true;
}

export function tokensCommand(around: Surroundings): Command {
  return group('tokens', 'Access tokens of people and scripts', {
    commands: [createCommand(around), listCommand(around), revokeCommand(around)],
    examples: [
      'sagewai tokens create --name anna --scope admin',
      'sagewai tokens create --name ci --scope write --for staging --expires 90d',
      'sagewai tokens revoke ID',
    ],
  });
}

function createCommand(around: Surroundings): Command {
  return act<CreateFlags>(
    serverCommand('create', 'Create an access token; it is shown once')
      .requiredOption('--name <name>', 'whose it is, or what it is for')
      .addOption(
        new Option('--scope <scope>', 'what it may do; each includes the ones before it')
          .choices(TOKEN_SCOPES)
          .default('read'),
      )
      .option('--for <project>', 'good for this project alone (default: all of them)')
      .option('--service-account <name>', 'it calls as this one (default: as you)')
      .option('--single-use', 'good for one request')
      .option('--expires <duration>', 'such as 90d (default: never)', durationSeconds),
    around,
    createToken,
  );
}

function listCommand(around: Surroundings): Command {
  return act(serverCommand('list', 'List access tokens'), around, listTokens);
}

function revokeCommand(around: Surroundings): Command {
  return act(
    serverCommand('revoke', 'Revoke a token: within a second no server accepts it').argument(
      '<id>',
      'its id',
      id,
    ),
    around,
    async (context, _, [given = '']) => {
      const token = await context.client.call('identity.revokeToken', {
        params: { token_id: given },
      });
      context.show(token, `Revoked ${token.name}.`);
    },
  );
}

async function createToken(context: Context, flags: CreateFlags): Promise<void> {
  const created = await context.client.call('identity.createToken', {
    body: {
      name: flags.name,
      scopes: [flags.scope],
      ...(flags.for === undefined ? {} : { project: flags.for }),
      ...(flags.serviceAccount === undefined ? {} : { service_account: flags.serviceAccount }),
      ...(flags.singleUse === undefined ? {} : { single_use: true }),
      ...(flags.expires === undefined ? {} : { expires_in_seconds: flags.expires }),
    },
  });
  context.show(created, created.token);
  context.terminal.note(
    `Store it now: it is not shown again. To use it: sagewai login --gateway ${context.url} --token …`,
  );
}

async function listTokens(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listTokens', { query: { limit: 200 } });
  const now = context.now();
  const rows = answer.tokens.map((token) => [
    token.id,
    token.name,
    token.scopes.join(','),
    token.project_id ?? 'all',
    stateOf(token, now),
    showAge(token.last_used_at, now),
  ]);
  context.show(
    answer,
    printColumns(['id', 'name', 'scopes', 'project', 'state', 'last used'], rows),
  );
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 tokens.');
}

function stateOf(
  token: { readonly revoked_at: string | null; readonly expires_at: string | null },
  now: Date,
): string {
  if (token.revoked_at !== null) return 'revoked';
  return token.expires_at !== null && Date.parse(token.expires_at) <= now.getTime()
    ? 'expired'
    : 'active';
}
