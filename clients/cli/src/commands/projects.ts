import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
import { deletionCommands } from './delete-projects.ts';
import { credentialCommand } from './project-credential.ts';

export function projectsCommand(around: Surroundings): Command {
  return group('projects', 'Projects of the organization', {
    commands: [
      act(serverCommand('list', 'List projects'), around, listProjects),
      act(
        serverCommand('create', 'Create a project').argument('<name>', 'its name', id),
        around,
        async (context, _, [name = '']) => {
          const made = await context.client.call('identity.createProject', { body: { name } });
          context.show(made, made.id);
        },
      ),
      act(
        serverCommand('rename', 'Give a project another name; its id stays')
          .argument('<project>', 'its name or id', id)
          .argument('<name>', 'its new name', id),
        around,
        async (context, _, [project = '', name = '']) => {
          const call = { params: { project }, body: { name } };
          const renamed = await context.client.call('identity.renameProject', call);
          context.show(renamed, `${project} is ${renamed.name} now.`);
        },
      ),
      ...deletionCommands(around),
      credentialCommand(around),
    ],
    examples: [
      'sagewai projects create staging',
      'sagewai projects delete staging --confirm staging',
      'sagewai runs list --project staging',
      'sagewai projects credential set staging --make --max-budget 100',
    ],
  });
}

async function listProjects(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listProjects', { query: { limit: 200 } });
  const rows = answer.projects.map(({ id: own, name, state, created_at }) => [
    own,
    name,
    state,
    showAge(created_at, context.now()),
  ]);
  context.show(answer, printColumns(['id', 'name', 'state', 'created'], rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 projects.');
}
