import type { Command } from 'commander';

import { act, group, id, serverCommand } from '../command.ts';
import type { Context, Surroundings } from '../context.ts';
import { printColumns } from '../print-columns.ts';
import { showAge } from '../show-duration.ts';
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
      credentialCommand(around),
    ],
    examples: [
      'sagewai projects create staging',
      'sagewai runs list --project staging',
      'sagewai projects credential set staging --make --max-budget 100',
    ],
  });
}

async function listProjects(context: Context): Promise<void> {
  const answer = await context.client.call('identity.listProjects', { query: { limit: 200 } });
  const rows = answer.projects.map(({ id: own, name, created_at }) => [
    own,
    name,
    showAge(created_at, context.now()),
  ]);
  context.show(answer, printColumns(['id', 'name', 'created'], rows));
  if (answer.next_cursor !== null) context.terminal.note('There are more than 200 projects.');
}
