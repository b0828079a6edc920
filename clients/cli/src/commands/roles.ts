import type { OutputOf, assignRole } from '@sagewai/wire';
import { type Command, Option } from 'commander';

import { act, group, id, list, serverCommand } from '../command.ts';
import type { ConnectionFlags, Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';

type Assignment = OutputOf<typeof assignRole>;
type SubjectKind = Assignment['subject_kind'];

interface AssignFlags extends ConnectionFlags {
  readonly to: string;
  readonly kind: SubjectKind;
  readonly for?: string;
}

interface CreateFlags extends ConnectionFlags {
  readonly permissions: readonly string[];
}

export function rolesCommand(around: Surroundings): Command {
  return group('roles', 'Who may do what', {
    commands: [
      act(serverCommand('list', 'List the roles'), around, listRoles),
      act(
        serverCommand('show', 'Show what a role gives').argument('<role>', 'its name', id),
        around,
        showRole,
      ),
      act<CreateFlags>(
        serverCommand('create', 'Make a role of permissions that you have')
          .argument('<name>', 'its name', id)
          .requiredOption('--permissions <names>', 'what it gives, by comma', list),
        around,
        createRole,
      ),
      act(
        serverCommand('delete', 'Delete a custom role').argument('<name>', 'its name', id),
        around,
        async (context, _, [name = '']) => {
          await context.client.call('identity.deleteRole', { params: { role: name } });
          context.show({ deleted: name }, `Deleted ${name}.`);
        },
      ),
      act<AssignFlags>(
        serverCommand('assign', 'Give a role')
          .argument('<role>', 'its name', id)
          .requiredOption('--to <who>', 'an address, a name or an id', id)
          .addOption(
            new Option('--kind <kind>', 'who that is')
              .choices(['account', 'group', 'service_account'])
              .default('account'),
          )
          .option('--for <project>', 'in this project alone (default: the whole organization)'),
        around,
        assign,
      ),
      act(serverCommand('assignments', 'List who has which role'), around, listAssignments),
      act(
        serverCommand('unassign', 'Take a role away').argument('<id>', 'of the assignment', id),
        around,
        async (context, _, [given = '']) => {
          const params = { assignment_id: given };
          const taken = await context.client.call('identity.unassignRole', { params });
          context.show(taken, `Took ${taken.role} away.`);
        },
      ),
    ],
    examples: [
      'sagewai roles assign operator --to anna@acme.test',
      'sagewai roles assign developer --to builders --kind group --for staging',
      'sagewai roles create starter --permissions run:read,run:submit',
    ],
  });
}

async function listRoles(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listRoles', {});
  const rows = answer.roles.map(({ name, built_in, permissions, description }) => [
    name,
    built_in ? 'built-in' : 'custom',
    String(permissions.length),
    description ?? '',
  ]);
  context.show(answer, printColumns(['role', 'kind', 'permissions', ''], rows));
}

async function showRole(
  context: Context,
  _: unknown,
  [name = '']: readonly string[],
): Promise<void> {
  const { roles } = await context.client.call('identity.listRoles', {});
  const role = roles.find((each) => each.name === name);
  if (role === undefined) throw new Error(`There is no role ${name}.`);
  context.show(role, role.permissions.toSorted().join('\n'));
}

async function createRole(
  context: Context,
  { permissions }: CreateFlags,
  [name = '']: readonly string[],
): Promise<void> {
  const body = { name, permissions: [...permissions] };
  const made = await context.client.call('identity.createRole', { body });
  context.show(made, made.name);
}

async function assign(
  context: Context,
  flags: AssignFlags,
  [role = '']: readonly string[],
): Promise<void> {
  const made = await context.client.call('identity.assignRole', {
    body: {
      role,
      subject_kind: flags.kind,
      subject: flags.to,
      ...(flags.for === undefined ? {} : { project: flags.for }),
    },
  });
  context.show(made, made.id);
}

async function listAssignments(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listRoleAssignments', {
    query: { limit: 200 },
  });
  context.show(answer, printAssignments(answer.assignments));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 assignments.');
}

export function printAssignments(assignments: readonly Assignment[]): string {
  const rows = assignments.map((held) => [
    held.id,
    held.role,
    `${held.subject_kind} ${held.subject}`,
    held.project ?? 'all',
  ]);
  return printColumns(['id', 'role', 'who', 'project'], rows);
}
