import { AUDIT_FORMATS, type AuditFormat, formatEntry } from '@sagewai/wire';
import { type Command, Option } from 'commander';

import { act, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';

interface ExportFlags extends ConnectionFlags {
  readonly format: AuditFormat;
  readonly since?: string;
  readonly cursor?: string;
}

const ENTRIES_PER_PAGE = 1_000;

export const exportCommand = (around: Surroundings): Command =>
  act<ExportFlags>(
    serverCommand('export', 'Print the whole log, oldest first, an entry a line')
      .addOption(
        new Option('--format <format>', 'JSON lines, or the Common Event Format')
          .choices(AUDIT_FORMATS)
          .default('jsonl'),
      )
      .option('--since <instant>', 'ISO 8601')
      .option('--cursor <n>', 'go on after this entry: the number that a broken export named'),
    around,
    exportLog,
  );

/** Page by page, so that what is broken off can go on where it was. */
async function exportLog(context: Context, flags: ExportFlags): Promise<void> {
  const { client, terminal, signal } = context;
  let cursor = flags.cursor ?? null;
  let isWhole = false;
  try {
    for (;;) {
      const page = await client.call(
        'trust.listAudit',
        {
          query: {
            order: 'oldest',
            limit: ENTRIES_PER_PAGE,
            ...(flags.since ? { since: flags.since } : {}),
            ...(cursor === null ? {} : { cursor }),
          },
        },
        { signal },
      );
      for (const entry of page.entries) terminal.out(formatEntry(entry, flags.format));
      cursor = String(page.entries.at(-1)?.seq ?? cursor ?? '') || null;
      if (page.next_cursor === null) break;
    }
    isWhole = true;
  } finally {
    if (cursor !== null) {
      terminal.note(`${isWhole ? 'Later entries' : 'Broken off; go on with'}: --cursor ${cursor}`);
    }
  }
}
