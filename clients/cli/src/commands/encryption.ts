import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';

/** Keys that seal what is stored; those of payloads are `fleet encryption`. */
export function encryptionKeysCommand(around: Surroundings): Command {
  return group('encryption', 'The key that seals what is stored (SAGEWAI_ENCRYPTION_KEY)', {
    commands: [
      act(
        serverCommand(
          'status',
          'Show what stands under which key, and whether a former one is needed',
        ),
        around,
        async (context) => {
          const answer = await context.client.call('server.getEncryptionKeys', {});
          context.show(answer, textOf(answer, context));
        },
      ),
      act(
        serverCommand('rotate', 'Move rows from former keys to the present one now, to the end'),
        around,
        rotate,
      ),
    ],
    examples: ['sagewai encryption status', 'sagewai encryption rotate --json'],
  });
}

async function rotate(context: Context): Promise<void> {
  let moved = 0;
  for (;;) {
    const answer = await context.client.call('server.resealRows', {});
    moved += answer.moved;
    if (answer.whole) {
      context.show({ ...answer, moved }, `${moved} rows moved.\n\n${textOf(answer, context)}`);
      return;
    }
    context.terminal.note(`${moved} rows moved so far …`);
  }
}

type Status = CallOutput<'server.getEncryptionKeys'>;

function textOf(status: Status, context: Context): string {
  const keys = status.keys.map((key) => [
    key.fingerprint,
    key.state,
    String(key.remaining),
    String(key.broken),
    showAge(key.first_used_at, context.now()),
    showAge(key.replaced_at, context.now()),
  ]);
  const servers = status.servers.map(({ host, seals_with, opens }) => [
    host,
    seals_with.slice(0, 8),
    opens.map((key) => key.slice(0, 8)).join(' '),
  ]);
  const columns = status.columns
    .filter(({ former, unknown }) => former + unknown > 0)
    .map((row) => [`${row.table}.${row.column}`, String(row.former), String(row.unknown)]);
  return [
    sentenceOf(status),
    printColumns(['key', 'state', 'rows', 'broken', 'since', 'replaced'], keys),
    printColumns(['server', 'seals with', 'opens'], servers),
    ...(columns.length === 0 ? [] : [printColumns(['column', 'former', 'unknown'], columns)]),
  ].join('\n\n');
}

function sentenceOf({ keys, settled }: Status): string {
  const former = keys.filter(({ state }) => state !== 'present');
  if (former.length === 0) return 'One key seals everything.';
  if (!settled && former.every(({ remaining, broken }) => remaining <= broken)) {
    return 'Nothing was found under a former key. A second count will say whether it is needed: ask again in some minutes.';
  }
  if (!settled) return 'Rows may stand under a former key: every server still needs it.';
  return 'No former key is needed any more: take them out of SAGEWAI_ENCRYPTION_KEYS_OTHER.';
}
