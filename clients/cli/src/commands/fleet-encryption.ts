import type { Command } from 'commander';

import { act, group, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';

export function encryptionCommand(around: Surroundings): Command {
  return group('encryption', 'Encryption of payloads and outputs', {
    commands: [
      act(
        serverCommand('enable', 'Encrypt payloads and outputs, also those that are stored already'),
        around,
        enable,
      ),
      act(
        serverCommand('status', 'Show whether it is on, and which keys there are'),
        around,
        status,
      ),
      act(
        serverCommand('rotate', 'New keys; contents move to them, then the old ones are destroyed'),
        around,
        rotate,
      ),
    ],
    examples: [
      'sagewai fleet encryption enable',
      'sagewai fleet encryption rotate --project billing',
      'sagewai fleet encryption status --json',
    ],
  });
}

async function enable(context: Context): Promise<void> {
  const answer = await context.client.call('fleet.enableEncryption', {});
  const rest = answer.settled ? '' : ' What was stored before is encrypted in the background.';
  context.show(answer, `Payloads and outputs are encrypted from now on.${rest}`);
}

async function status(context: Context, { project }: ConnectionFlags): Promise<void> {
  const query = project === undefined ? {} : { project };
  const answer = await context.client.call('fleet.getEncryption', { query });
  if (!answer.enabled) {
    return context.show(answer, 'Off. To switch it on: sagewai fleet encryption enable');
  }
  const rows = answer.keys.map((key) => [
    key.id,
    key.project,
    key.state,
    showAge(key.created_at, context.now()),
    showAge(key.retired_at, context.now()),
  ]);
  const state = answer.settled
    ? 'On.'
    : 'On; contents are being encrypted, or moved to newer keys.';
  const headings = ['key', 'project', 'state', 'created', 'retired'];
  context.show(answer, `${state}\n\n${printColumns(headings, rows)}`);
}

async function rotate(context: Context, { project }: ConnectionFlags): Promise<void> {
  const body = project === undefined ? {} : { project };
  const answer = await context.client.call('fleet.rotateEncryption', { body });
  const many = answer.rotated === 1 ? '1 project has' : `${answer.rotated} projects have`;
  context.show(
    answer,
    `${many} a new key. When the old ones are gone: sagewai fleet encryption status`,
  );
}
