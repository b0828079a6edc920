import type { Command } from 'commander';
import { InvalidArgumentError } from 'commander';

import { act, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';

const SCOPES = ['claim', 'report', 'heartbeat'] as const;
type Scope = (typeof SCOPES)[number];

interface IssueFlags extends ConnectionFlags {
  readonly name?: string;
  readonly worker?: string;
  readonly maxUses?: number;
  readonly expires?: number;
  readonly scopes?: Scope[];
  readonly pool?: string;
  readonly allowedModels?: string[];
  readonly allowedLabels?: string[];
  readonly allowedCidrs?: string[];
}

export function workerTokenCommands(around: Surroundings): Command[] {
  return [
    act<IssueFlags>(
      serverCommand('issue-token', 'Issue a worker token (WRT_TOKEN); it is shown once')
        .option('--name <name>', 'what the token is for')
        .option('--max-uses <n>', 'workers that may register with it (default: any)', integer)
        .option('--expires <duration>', 'such as 7d (default: 30d)', durationSeconds)
        .option('--pool <pool>', 'the only pool of its workers (default: any)')
        .option('--allowed-models <models>', 'by comma (default: any)', list)
        .option('--allowed-labels <labels>', 'such as region=eu,tier=* (default: any)', list)
        .option('--allowed-cidrs <ranges>', 'such as 10.0.0.0/8 (default: from anywhere)', list)
        .option('--scopes <scopes>', 'of claim,report,heartbeat (default: all)', scopes)
        .option('--worker <id>', 'for this one worker, which needs no registration', id),
      around,
      issue,
    ),
    act(serverCommand('list-tokens', 'List worker tokens'), around, listTokens),
    act(
      serverCommand('revoke-token', 'Revoke a worker token; its workers stay').argument(
        '<id>',
        'its id',
        id,
      ),
      around,
      async (context, _, [token = '']) => {
        await context.client.call('fleet.revokeToken', { params: { token_id: token } });
        context.show({ id: token, revoked: true }, `Revoked ${token}.`);
      },
    ),
  ];
}

async function issue(context: Context, flags: IssueFlags): Promise<void> {
  const { expires, worker } = flags;
  const limits = {
    ...(expires === undefined ? {} : { expires_in_seconds: expires }),
    ...(flags.scopes === undefined ? {} : { scopes: flags.scopes }),
  };
  if (worker !== undefined) {
    const params = { worker_id: worker };
    const issued = await context.client.call('fleet.issueWorkerToken', { params, body: limits });
    context.show(issued, issued.token);
  } else {
    if (flags.name === undefined) throw new UsageError('--name says what the token is for');
    const issued = await context.client.call('fleet.issueToken', {
      body: {
        name: flags.name,
        ...limits,
        ...(flags.maxUses === undefined ? {} : { max_uses: flags.maxUses }),
        ...(flags.pool === undefined ? {} : { allowed_pools: [flags.pool] }),
        ...(flags.allowedModels === undefined ? {} : { allowed_models: flags.allowedModels }),
        ...(flags.allowedLabels === undefined ? {} : { allowed_labels: flags.allowedLabels }),
        ...(flags.allowedCidrs === undefined ? {} : { allowed_cidrs: flags.allowedCidrs }),
      },
    });
    context.show(issued, issued.token);
  }
  context.terminal.note('Store it now: it is not shown again. A worker takes it as WRT_TOKEN.');
}

async function listTokens(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.listTokens', {});
  const rows = answer.tokens.map((token) => [
    token.id,
    token.name,
    `${token.current_uses}/${token.max_uses ?? '∞'}`,
    token.revoked ? 'revoked' : (showAge(token.expires_at, context.now()) ?? 'never'),
    token.allowed_pools.join(',') || 'any',
    token.scopes.join(','),
  ]);
  context.show(answer, printColumns(['id', 'name', 'uses', 'expires', 'pools', 'scopes'], rows));
}

function scopes(text: string): Scope[] {
  const named = list(text);
  const known = SCOPES.filter((scope) => named.includes(scope));
  if (known.length === 0 || known.length !== named.length) {
    throw new InvalidArgumentError('expected some of claim,report,heartbeat');
  }
  return known;
}
