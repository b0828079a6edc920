import type { CallOutput } from '@sagewai/sdk';
import { verifyChain } from '@sagewai/verify';
import type { Command } from 'commander';

import { act, group, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { EXIT } from '../exit-code.ts';
import { printColumns } from '../print-columns.ts';
import { exportCommand } from './audit-export.ts';
import { sinksCommand } from './audit-sinks.ts';

interface ListFlags extends ConnectionFlags {
  readonly actor?: string;
  readonly action?: string;
  readonly subject?: string;
  readonly outcome?: string;
  readonly since?: string;
  readonly until?: string;
  readonly limit: number;
}

interface VerifyFlags extends ConnectionFlags {
  readonly platform?: boolean;
}

type Entries = CallOutput<'trust.listAudit'>['entries'];

export function auditCommand(around: Surroundings): Command {
  const list = serverCommand('list', 'List entries, newest first')
    .option('--actor <actor>', 'who')
    .option('--action <action>', 'what')
    .option('--subject <subject>', 'on what')
    .option('--outcome <outcome>', 'ok, or the code of the problem')
    .option('--since <instant>', 'ISO 8601')
    .option('--until <instant>', 'ISO 8601')
    .option('--limit <n>', 'how many', integer, 50);
  const check = serverCommand(
    'verify',
    'Recompute the chain here, and name the first broken entry',
  ).option('--platform', 'the chain of the platform itself');
  return group('audit', 'The audit log: who did what, and that nobody changed it since', {
    commands: [
      act<ListFlags>(list, around, listEntries),
      act<VerifyFlags>(check, around, verify),
      exportCommand(around),
      sinksCommand(around),
    ],
    examples: [
      'sagewai audit list --action fleet.approveWorker --since 2026-01-01T00:00:00Z',
      'sagewai audit verify',
      'sagewai audit export --format cef --since 2026-01-01T00:00:00Z',
    ],
  });
}

async function listEntries(context: Context, flags: ListFlags): Promise<void> {
  const { actor, action, subject, outcome, since, until, limit } = flags;
  const given = { actor, action, subject, outcome, since, until };
  const query = Object.fromEntries(
    Object.entries(given).filter(([, value]) => value !== undefined),
  );
  const answer = await context.client.call('trust.listAudit', { query: { ...query, limit } });
  const rows = answer.entries.map((entry) => [
    entry.seq,
    entry.at,
    entry.actor,
    entry.action,
    entry.subject,
    entry.outcome,
  ]);
  context.show(answer, printColumns(['seq', 'at', 'actor', 'action', 'subject', 'outcome'], rows));
}

async function verify(context: Context, { platform }: VerifyFlags): Promise<void> {
  const chain = platform === true ? 'platform' : 'organization';
  const { head } = await context.client.call('trust.listAudit', { query: { chain, limit: 1 } });
  const verdict = await verifyChain(readChain(context, chain, head?.seq ?? 0), { head });
  if (verdict.kind === 'whole') {
    const end = verdict.head ? `, head ${verdict.head.hash}` : '';
    context.show(verdict, `Whole: ${verdict.entries} entries${end}.`);
    return;
  }
  context.show(verdict, `Broken at entry ${verdict.seq} (${verdict.breach}): ${verdict.detail}`);
  context.end(EXIT.error);
}

/** The whole chain, oldest first, a page at a time. */
async function* readChain(
  { client, terminal, signal }: Context,
  chain: 'organization' | 'platform',
  total: number,
): AsyncGenerator<Entries[number]> {
  let cursor: string | null = null;
  let read = 0;
  do {
    const page: CallOutput<'trust.listAudit'> = await client.call(
      'trust.listAudit',
      { query: { chain, order: 'oldest', limit: 1_000, ...(cursor === null ? {} : { cursor }) } },
      { signal },
    );
    yield* page.entries;
    read += page.entries.length;
    terminal.progress(`verified ${read} of ${total}`);
    cursor = page.next_cursor;
  } while (cursor !== null);
}
