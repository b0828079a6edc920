import type { CallInput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, integer, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { durationSeconds } from '../read-duration.ts';

interface CreateFlags extends ConnectionFlags {
  readonly name: string;
  readonly models?: string[];
  readonly expires?: number;
  readonly usdPerHour?: string;
  readonly usdPerDay?: string;
  readonly usdPerWeek?: string;
  readonly usdPerMonth?: string;
  readonly usdInTotal?: string;
  readonly tokensPerMinute?: number;
  readonly requestsPerMinute?: number;
  readonly cap: boolean;
}

export function keyCommand(around: Surroundings): Command {
  return group('key', 'Virtual keys for model calls', {
    commands: [createCommand(around), listCommand(around), revokeCommand(around)],
    examples: [
      'sagewai key create --name ci --models gpt-4o --usd-per-day 5 --expires 30d',
      'sagewai key list',
      'sagewai key revoke ID',
    ],
  });
}

function createCommand(around: Surroundings): Command {
  return act<CreateFlags>(
    serverCommand('create', 'Create a virtual key; it is shown once')
      .requiredOption('--name <name>', 'what the key is for')
      .option('--models <models>', 'models it may call, by comma (default: any)', list)
      .option('--expires <duration>', 'such as 30d or 1d12h (default: never)', durationSeconds)
      .option('--usd-per-hour <usd>', 'budget of an hour (UTC), as 12.50')
      .option('--usd-per-day <usd>', 'daily budget')
      .option('--usd-per-week <usd>', 'weekly budget, from Sunday')
      .option('--usd-per-month <usd>', 'monthly budget')
      .option('--usd-in-total <usd>', 'budget that never resets')
      .option('--tokens-per-minute <n>', 'in any 60 seconds', integer)
      .option('--requests-per-minute <n>', 'in any 60 seconds', integer)
      .option('--no-cap', 'refuse a call that may not fit, instead of capping its output'),
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
  const body: CallInput<'gateway.createKey'>['body'] = {
    name: flags.name,
    ...(flags.models ? { models: flags.models } : {}),
    ...(flags.expires === undefined ? {} : { expires_in_seconds: flags.expires }),
    budget: {
      ...(flags.usdPerHour === undefined ? {} : { usd_per_hour: flags.usdPerHour }),
      ...(flags.usdPerDay === undefined ? {} : { usd_per_day: flags.usdPerDay }),
      ...(flags.usdPerWeek === undefined ? {} : { usd_per_week: flags.usdPerWeek }),
      ...(flags.usdPerMonth === undefined ? {} : { usd_per_month: flags.usdPerMonth }),
      ...(flags.usdInTotal === undefined ? {} : { usd_in_total: flags.usdInTotal }),
      cap: flags.cap,
    },
    ...(flags.tokensPerMinute === undefined ? {} : { tokens_per_minute: flags.tokensPerMinute }),
    ...(flags.requestsPerMinute === undefined
      ? {}
      : { requests_per_minute: flags.requestsPerMinute }),
  };
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
    showBudget(key.budget),
  ]);
  context.show(answer, printColumns(['id', 'name', 'key', 'state', 'models', 'budget'], rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 keys.');
}

const WINDOWS = {
  usd_per_hour: '/hour',
  usd_per_day: '/day',
  usd_per_week: '/week',
  usd_per_month: '/month',
  usd_in_total: ' in total',
} as const;

function showBudget(budget: Readonly<Record<keyof typeof WINDOWS, string | null>>): string {
  const names = Object.keys(WINDOWS) as (keyof typeof WINDOWS)[];
  const shown = names.flatMap((name) =>
    budget[name] === null ? [] : [`$${budget[name]}${WINDOWS[name]}`],
  );
  return shown.join(', ') || 'none';
}

function stateOf(
  key: { revoked_at: string | null; blocked_at: string | null; expires_at: string | null },
  now: Date,
): string {
  if (key.revoked_at !== null) return 'revoked';
  if (key.expires_at !== null && Date.parse(key.expires_at) <= now.getTime()) return 'expired';
  return key.blocked_at === null ? 'active' : 'blocked';
}
