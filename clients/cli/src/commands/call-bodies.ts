import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, integer, serverCommand } from '../command.ts';
import type { ConnectionFlags, Surroundings } from '../context.ts';
import { UsageError } from '../usage-error.ts';

type Keeping = CallOutput<'gateway.getBodyKeeping'>;
type Body = CallOutput<'gateway.readCallBody'>;

interface SetFlags extends ConnectionFlags {
  readonly days?: number;
  readonly none?: boolean;
  readonly dropKept?: boolean;
}

const project = ['<project>', 'its name or id', id] as const;

/** `gateway bodies`: what calls ask and are answered, where a project keeps it. */
export function callBodiesCommand(around: Surroundings): Command {
  return group('bodies', 'What calls asked and were answered, where a project keeps it', {
    commands: [
      act(
        serverCommand('get', 'Say whether a project keeps it').argument(...project),
        around,
        async (context, _, [name = '']) => {
          const params = { project: name };
          const answer = await context.client.call('gateway.getBodyKeeping', { params });
          context.show(answer, keepingText(answer));
        },
      ),
      act<SetFlags>(
        serverCommand('set', 'Say for how long a project keeps it')
          .argument(...project)
          .option('--days <n>', 'from each call on', integer)
          .option('--none', 'keep no more')
          .option('--drop-kept', 'what was kept before goes as well'),
        around,
        async (context, { days, none, dropKept = false }, [name = '']) => {
          if ((days === undefined) === (none !== true)) {
            throw new UsageError('say for how long: --days N, or --none');
          }
          const body = { keep_days: days ?? null, drop_kept: dropKept };
          const params = { project: name };
          const answer = await context.client.call('gateway.setBodyKeeping', { params, body });
          context.show(answer, keepingText(answer));
        },
      ),
      act(
        serverCommand('read', 'Show what a call asked and was answered; that is recorded').argument(
          '<call>',
          'its id, as in x-litellm-call-id',
          id,
        ),
        around,
        async (context, _, [call = '']) => {
          const params = { call_id: call };
          const answer = await context.client.call('gateway.readCallBody', { params });
          context.show(answer, bodyText(answer));
        },
      ),
    ],
    examples: [
      'sagewai gateway bodies set research --days 7',
      'sagewai gateway bodies read 0199aaaa-0000-7000-8000-000000000001',
      'sagewai gateway bodies set research --none --drop-kept',
    ],
  });
}

function keepingText({ keep_days: days, kept }: Keeping): string {
  const now = days === null ? 'nothing is kept' : `kept for ${days} ${days === 1 ? 'day' : 'days'}`;
  return `${now}; of ${kept} calls there is something`;
}

function bodyText({ request, answer, is_cut: isCut, drop_at: dropAt }: Body): string {
  const text = ({ text: kept, bytes }: Body['request']): string =>
    kept ?? `(${bytes} bytes that are no text are not kept)`;
  const cut = isCut ? [`(of ${request.bytes} and ${answer.bytes} bytes only the first)`] : [];
  return [text(request), '', text(answer), '', ...cut, `kept until ${dropAt}`].join('\n');
}
