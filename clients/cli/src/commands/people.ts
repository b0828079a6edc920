import type { Command } from 'commander';

import { askNewPassword } from '../ask-secret.ts';
import { act, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { ownAccountCommands } from './own-account.ts';

interface InviteFlags extends ConnectionFlags {
  readonly email: string;
  readonly role: string;
  readonly for?: string;
  readonly link?: boolean;
}

interface LinkFlags extends ConnectionFlags {
  readonly name: string;
  readonly passwordFile?: string;
}

/** How people come to have an account, and what they do with it. */
export function peopleCommands(around: Surroundings): Command[] {
  return [
    act<InviteFlags>(
      serverCommand('invite', 'Invite somebody: by e-mail, else by a link that is shown once')
        .requiredOption('--email <address>', 'whom')
        .requiredOption(
          '--role <role>',
          'owner, admin, operator, developer, auditor, viewer, or your own',
        )
        .option('--for <project>', 'in this project alone (default: the whole organization)')
        .option('--link', 'show the link to you, also where the server sends e-mail'),
      around,
      invite,
    ),
    act(serverCommand('invitations', 'List invitations'), around, listInvitations),
    act(
      serverCommand('revoke-invitation', 'Revoke an invitation').argument('<id>', 'its id', id),
      around,
      async (context, _, [given = '']) => {
        const revoked = await context.client.call('identity.revokeInvitation', {
          params: { invitation_id: given },
        });
        context.show(revoked, `Revoked the invitation of ${revoked.email}.`);
      },
    ),
    act<LinkFlags>(
      serverCommand('accept', 'Accept an invitation')
        .argument('<link>', 'the link, or what stands behind its #', id)
        .requiredOption('--name <name>', 'your name')
        .option('--password-file <file>', 'a file with your password (default: asked for)'),
      around,
      accept,
    ),
    act(
      serverCommand(
        'remove-factors',
        'Remove the app and passkeys that somebody has lost',
      ).argument('<id>', 'the account', id),
      around,
      async (context, _, [given = '']) => {
        const account = await context.client.call('identity.removeSecondFactors', {
          params: { account_id: given },
        });
        context.show(account, `${account.email} signs in with the password alone.`);
      },
    ),
    act<ConnectionFlags & { readonly link?: boolean }>(
      serverCommand('reset', 'Send, or make, a link to set the password of an account anew')
        .argument('<id>', 'the account', id)
        .option('--link', 'show the link to you, also where the server sends e-mail'),
      around,
      async (context, flags, [given = '']) => {
        const made = await context.client.call('identity.createPasswordReset', {
          params: { account_id: given },
          ...(flags.link === true && { body: { by_mail: false } }),
        });
        context.show(made, made.url ?? 'A letter with the link was sent to its owner.');
        if (made.url !== null) context.terminal.note('Give it to its owner alone: it works once.');
      },
    ),
    act<ConnectionFlags & { readonly passwordFile?: string }>(
      serverCommand('set-password', 'Set your password anew with such a link')
        .argument('<link>', 'the link, or what stands behind its #', id)
        .option('--password-file <file>', 'a file with your password (default: asked for)'),
      around,
      async (context, flags, [link = '']) => {
        const password = await askNewPassword(context.terminal, flags.passwordFile);
        const done = await context.client.call('identity.resetPassword', {
          body: { token: tokenOf(link), password },
        });
        context.show(done, 'The password is set, and all sessions have ended.');
      },
    ),
    ...ownAccountCommands(around),
  ];
}

async function invite(context: Context, flags: InviteFlags): Promise<void> {
  const made = await context.client.call('identity.createInvitation', {
    body: {
      email: flags.email,
      role: flags.role,
      ...(flags.for === undefined ? {} : { project: flags.for }),
      ...(flags.link === true && { by_mail: false }),
    },
  });
  context.show(made, made.url ?? `An invitation was sent to ${made.email}.`);
  if (made.url !== null) context.terminal.note('Give it to them alone: it works once.');
}

async function listInvitations(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listInvitations', {});
  const now = context.now();
  const rows = answer.invitations.map((invitation) => [
    invitation.id,
    invitation.email,
    invitation.role,
    invitation.state,
    showAge(invitation.created_at, now),
  ]);
  context.show(answer, printColumns(['id', 'e-mail', 'role', 'state', 'made'], rows));
}

async function accept(
  context: Context,
  flags: LinkFlags,
  [link = '']: readonly string[],
): Promise<void> {
  const password = await askNewPassword(context.terminal, flags.passwordFile);
  const account = await context.client.call('identity.acceptInvitation', {
    body: { token: tokenOf(link), name: flags.name, password },
  });
  context.show(account, `Welcome, ${account.name}.`);
  context.terminal.note(`Sign in: sagewai login --email ${account.email} --gateway ${context.url}`);
}

/** What the link carries behind its #; people may give either. */
const tokenOf = (link: string): string => link.slice(link.indexOf('#') + 1);
