import type { CallOutput } from '@sagewai/sdk';
import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { UsageError } from '../usage-error.ts';

interface AccountFlags extends ConnectionFlags {
  readonly account?: string;
}

export function sessionsCommand(around: Surroundings): Command {
  return group('sessions', 'Login sessions', {
    commands: [
      act<AccountFlags>(
        serverCommand('list', 'List your sessions, or those of an account').option(
          '--account <id>',
          'the account (default: your own)',
          id,
        ),
        around,
        async (context, { account }) => {
          const listed =
            account === undefined
              ? await context.client.call('identity.listOwnSessions', {})
              : await context.client.call('identity.listAccountSessions', {
                  params: { account_id: account },
                });
          show(context, listed);
        },
      ),
      act<AccountFlags>(
        serverCommand('end', 'End one of your sessions, or all of an account')
          .argument('[id]', 'the session', id)
          .option('--account <id>', 'all sessions of this account', id),
        around,
        async (context, { account }, [session]) => {
          if ((session === undefined) === (account === undefined)) {
            throw new UsageError('give a session, or --account');
          }
          const ended =
            account === undefined
              ? await context.client.call('identity.endOwnSession', {
                  params: { session_id: session ?? '' },
                })
              : await context.client.call('identity.endAccountSessions', {
                  params: { account_id: account },
                });
          context.show(ended, `Ended ${ended.ended}.`);
        },
      ),
    ],
    examples: [
      'sagewai sessions list',
      'sagewai sessions end ID',
      'sagewai sessions end --account ID',
    ],
  });
}

function show(context: Context, listed: CallOutput<'identity.listOwnSessions'>): void {
  const now = context.now();
  const rows = listed.sessions.map((session) => [
    session.id + (session.is_current ? ' (this one)' : ''),
    session.method,
    showAge(session.created_at, now),
    showAge(session.last_seen_at, now),
    session.address,
    session.user_agent,
  ]);
  context.show(
    listed,
    printColumns(['id', 'method', 'since', 'last seen', 'address', 'program'], rows),
  );
}
