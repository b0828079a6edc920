import type { CallInput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';
import { collectCommand, rotateCommand } from './key-rotation.ts';
import { type LimitFlags, limitsOf, showLimits, withLimits } from './limit-flags.ts';

interface CreateFlags extends ConnectionFlags, LimitFlags {
  readonly name: string;
  readonly models?: string[];
  readonly expires?: number;
  readonly cap: boolean;
  readonly drain?: boolean;
}

export function keyCommand(around: Surroundings): Command {
  return group('key', 'Virtual keys for model calls', {
    commands: [
      createCommand(around),
      listCommand(around),
      rotateCommand(around),
      collectCommand(around),
      revokeCommand(around),
    ],
    examples: [
      'sagewai key create --name ci --models gpt-4o --usd-per-day 5 --expires 30d',
      'sagewai key list',
      'sagewai key rotate ID --every 30d',
      'sagewai key revoke ID',
    ],
  });
}

function createCommand(around: Surroundings): Command {
  return act<CreateFlags>(
    withLimits(
      serverCommand('create', 'Create a virtual key; it is shown once')
        .requiredOption('--name <name>', 'what the key is for')
        .option('--models <models>', 'models it may call, by comma (default: any)', list)
        .option('--expires <duration>', 'such as 30d or 1d12h (default: never)', durationSeconds),
      { removable: false },
    )
      .option('--no-cap', 'refuse a call that may not fit, instead of capping its output')
      .option('--drain', 'read a stream to its end when its client leaves, to book it exactly'),
    around,
    createKey,
  );
}

function listCommand(around: Surroundings): Command {
  return act(serverCommand('list', 'List virtual keys'), around, listKeys);
}

function revokeCommand(around: Surroundings): Command {
  return act(
    serverCommand('revoke', 'Revoke a virtual key').argument('<id>', 'its id', id),
    around,
    async (context, _, [given = '']) => {
      const key = await context.client.call('gateway.revokeKey', { params: { key_id: given } });
      context.show(key, `Revoked ${key.name} (${key.hint}).`);
    },
  );
}

async function createKey(context: Context, flags: CreateFlags): Promise<void> {
  const { tokens_per_minute, requests_per_minute, ...budget } = limitsOf(flags);
  const body = {
    name: flags.name,
    ...(flags.models ? { models: flags.models } : {}),
    ...(flags.expires === undefined ? {} : { expires_in_seconds: flags.expires }),
    budget: { ...budget, cap: flags.cap },
    ...(flags.drain === true ? { on_client_left: 'drain' } : {}),
    ...(tokens_per_minute === undefined ? {} : { tokens_per_minute }),
    ...(requests_per_minute === undefined ? {} : { requests_per_minute }),
  } as CallInput<'gateway.createKey'>['body'];
  const created = await context.client.call('gateway.createKey', { body });
  context.show(created, created.key);
  context.terminal.note(howToUse(context.url, created.key, flags.models?.[0] ?? 'MODEL'));
}

function howToUse(url: string, key: string, model: string): string {
  return `Store it now: it is not shown again. With curl:

  curl ${url}/v1/chat/completions \\
    -H 'Authorization: Bearer ${key}' -H 'Content-Type: application/json' \\
    -d '{"model": "${model}", "messages": [{"role": "user", "content": "Hello"}]}'

With the OpenAI SDK (or any client of it):

  OPENAI_BASE_URL=${url}/v1 OPENAI_API_KEY=${key}

Models it may call: curl ${url}/v1/models -H 'Authorization: Bearer ${key}'`;
}

async function listKeys(context: Context): Promise<void> {
  const answer = await context.client.call('gateway.listKeys', { query: { limit: 200 } });
  const rows = answer.keys.map((key) => [
    key.id,
    key.name,
    key.hint,
    stateOf(key, context.now()),
    key.models.join(',') || 'any',
    showLimits(key.budget),
  ]);
  context.show(answer, printColumns(['id', 'name', 'key', 'state', 'models', 'budget'], rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 keys.');
}

function stateOf(
  key: { revoked_at: string | null; blocked_at: string | null; expires_at: string | null },
  now: Date,
): string {
  if (key.revoked_at !== null) return 'revoked';
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime()) return 'expired';
  return key.blocked_at === null ? 'active' : 'blocked';
}
