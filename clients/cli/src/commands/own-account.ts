import type { Command } from 'commander';

import { askCode, askNewPassword, askSecret } from '../ask-secret.ts';
import { act, group, id, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { readLogin, saveLogin } from '../saved-login.ts';
import { showAge } from '../show-duration.ts';
import { sessionOf } from '../sign-in.ts';

interface ProofFlags extends ConnectionFlags {
  readonly passwordFile?: string;
  readonly code?: string;
}

/** What somebody does with their own account. */
export function ownAccountCommands(around: Surroundings): Command[] {
  return [
    act<ProofFlags>(
      serverCommand('password', 'Change your password; your other sessions end').option(
        '--password-file <file>',
        'a file with the new one (default: asked for)',
      ),
      around,
      async (context, flags) => {
        const password = await askNewPassword(context.terminal, flags.passwordFile);
        const changed = await context.client.call('identity.changePassword', {
          body: { password, deliver: 'body' },
        });
        await keep(context, sessionOf(changed));
        context.show({ changed: true }, 'The password is changed.');
      },
    ),
    act<ProofFlags>(
      serverCommand('reauthenticate', 'Prove again who you are, before a sensitive change')
        .option('--password-file <file>', 'a file with your password (default: asked for)')
        .option('--code <code>', 'the code of your app, if you have one'),
      around,
      reauthenticate,
    ),
    group('totp', 'Your authenticator app', {
      commands: [
        act<ProofFlags>(
          serverCommand('on', 'Turn it on; shows recovery codes once').option(
            '--code <code>',
            'a code of a secret that was shown before',
          ),
          around,
          turnOn,
        ),
        act(serverCommand('off', 'Turn it off'), around, async (context) => {
          const done = await context.client.call('identity.removeTotp', {});
          context.show(done, done.removed ? 'The app is off.' : 'There was none.');
        }),
        act(
          serverCommand('codes', 'Replace the recovery codes; shows them once'),
          around,
          async (context) => {
            const { recovery_codes } = await context.client.call('identity.renewRecoveryCodes', {});
            context.show({ recovery_codes }, recovery_codes.join('\n'));
          },
        ),
      ],
      examples: ['sagewai accounts totp on', 'sagewai accounts totp codes'],
    }),
    group('passkeys', 'Your passkeys; browsers make them', {
      commands: [
        act(serverCommand('list', 'List them'), around, listPasskeys),
        act(
          serverCommand('remove', 'Remove one').argument('<id>', 'its id', id),
          around,
          async (context, _, [given = '']) => {
            const removed = await context.client.call('identity.removePasskey', {
              params: { passkey_id: given },
            });
            context.show(removed, `Removed ${removed.name}.`);
          },
        ),
      ],
      examples: ['sagewai accounts passkeys list'],
    }),
  ];
}

async function reauthenticate(context: Context, flags: ProofFlags): Promise<void> {
  const { terminal } = context;
  const own = await context.client.call('identity.getOwnAccount', {});
  const message = `Password of ${own.email}`;
  const password = await askSecret(terminal, { message, file: flags.passwordFile });
  const code = own.has_totp ? { code: await askCode(terminal, flags.code) } : {};
  const proved = await context.client.call('identity.reauthenticate', {
    body: { password, deliver: 'body', ...code },
  });
  await keep(context, sessionOf(proved));
  context.show({ session_id: proved.session_id }, 'Proved.');
}

async function turnOn(context: Context, flags: ProofFlags): Promise<void> {
  if (flags.code === undefined) {
    const { secret, uri } = await context.client.call('identity.beginTotp', {});
    if (context.json || !context.terminal.interactive) {
      context.show({ secret, uri }, uri);
      context.terminal.note('Put it into your app, then: sagewai accounts totp on --code CODE');
      return;
    }
    context.terminal.note(`Put this into your app:\n\n  ${secret}\n  ${uri}\n`);
  }
  const code = await askCode(context.terminal, flags.code);
  const { recovery_codes } = await context.client.call('identity.confirmTotp', { body: { code } });
  context.show({ recovery_codes }, recovery_codes.join('\n'));
  context.terminal.note('The app is on. Keep these codes: each stands in for it once.');
}

async function listPasskeys(context: Context): Promise<void> {
  const { passkeys } = await context.client.call('identity.getOwnAccount', {});
  const now = context.now();
  const rows = passkeys.map((key) => [
    key.id,
    key.name,
    key.is_backed_up ? 'synced' : 'on one device',
    showAge(key.last_used_at, now),
  ]);
  context.show({ passkeys }, printColumns(['id', 'name', 'kept', 'last used'], rows));
}

/** A session gets another value when its owner proves who they are: later commands need that one. */
async function keep(context: Context, token: string): Promise<void> {
  const saved = await readLogin(context.home);
  if (saved === null || saved.token !== context.token) {
    context.terminal.note(`The session has another value from now on: ${token}`);
    return;
  }
  await saveLogin(context.home, { ...saved, token });
}
