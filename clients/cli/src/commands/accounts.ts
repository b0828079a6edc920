import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { peopleCommands } from './people.ts';
import { printAssignments } from './roles.ts';

export function accountsCommand(around: Surroundings): Command {
  return group('accounts', 'People who sign in', {
    commands: [
      act(serverCommand('list', 'List accounts'), around, listAccounts),
      act(
        serverCommand('show', 'Show an account and its roles').argument(
          '<who>',
          'address or id',
          id,
        ),
        around,
        showAccount,
      ),
      setActiveCommand(around, 'deactivate', false),
      setActiveCommand(around, 'activate', true),
      ...peopleCommands(around),
    ],
    examples: [
      'sagewai accounts show anna@acme.test',
      'sagewai accounts deactivate anna@acme.test',
    ],
  });
}

export function serviceAccountsCommand(around: Surroundings): Command {
  const stop = 'Let it and all its tokens do nothing more';
  return group('service-accounts', 'Programs with roles of their own', {
    commands: [
      act(serverCommand('list', 'List service accounts'), around, listServiceAccounts),
      act(
        serverCommand('create', 'Make a service account').argument('<name>', 'its name', id),
        around,
        async (context, _, [name = '']) => {
          const made = await context.client.call('identity.createServiceAccount', {
            body: { name },
          });
          context.show(made, made.id);
        },
      ),
      ...(['deactivate', 'activate'] as const).map((word) =>
        act(
          serverCommand(word, word === 'activate' ? 'Let it do again what it did' : stop).argument(
            '<name>',
            'its name or id',
            id,
          ),
          around,
          async (context, _, [name = '']) => {
            const changed = await context.client.call('identity.setServiceAccountActive', {
              params: { service_account: name },
              body: { active: word === 'activate' },
            });
            context.show(changed, `${changed.name} is ${changed.active ? 'active' : 'stopped'}.`);
          },
        ),
      ),
    ],
    examples: [
      'sagewai service-accounts create deploy',
      'sagewai roles assign developer --to deploy --kind service_account',
      'sagewai tokens create --name ci --scope write --service-account deploy',
    ],
  });
}

function setActiveCommand(around: Surroundings, word: string, active: boolean): Command {
  const about = active ? 'Let it do again what it did' : 'Let it and its tokens do nothing more';
  return act(
    serverCommand(word, about).argument('<who>', 'address or id', id),
    around,
    async (context, _, [account = '']) => {
      const changed = await context.client.call('identity.setAccountActive', {
        params: { account },
        body: { active },
      });
      context.show(changed, `${changed.email} is ${active ? 'active' : 'deactivated'}.`);
    },
  );
}

async function listAccounts(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listAccounts', { query: { limit: 200 } });
  const rows = answer.accounts.map((each) => [
    each.id,
    each.email,
    each.name,
    each.source,
    each.active ? 'active' : 'deactivated',
    showAge(each.last_login_at, context.now()),
  ]);
  const heads = ['id', 'address', 'name', 'source', 'state', 'signed in'];
  context.show(answer, printColumns(heads, rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 accounts.');
}

async function showAccount(
  context: Context,
  _: unknown,
  [account = '']: readonly string[],
): Promise<void> {
  const shown = await context.client.call('identity.getAccount', { params: { account } });
  const { email, name, active, roles } = shown;
  const line = `${email}  ${name}  ${active ? 'active' : 'deactivated'}`;
  context.show(shown, `${line}\n\n${printAssignments(roles)}`);
}

async function listServiceAccounts(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listServiceAccounts', {
    query: { limit: 200 },
  });
  const rows = answer.service_accounts.map((each) => [
    each.id,
    each.name,
    each.active ? 'active' : 'stopped',
  ]);
  context.show(answer, printColumns(['id', 'name', 'state'], rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200.');
}
