import { Fault } from '@sagewai/fault';
import { type Caller, found } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

/** A key, a run and a token of one project have theirs; others name one, or have the one of their own. */
export async function chooseProject(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly caller: Caller;
    readonly named: string | undefined;
  },
): Promise<ProjectId> {
  const { orgId, caller, named } = of;
  const isPerson = caller.kind === 'token' || caller.kind === 'account';
  const bound = isPerson ? boundProject(caller) : caller.projectId;
  if (named === undefined) {
    const projectId = bound ?? caller.projectId;
    if (projectId !== null) return projectId;
    throw new Fault('project.missing', 'the caller has no project', {
      detail: 'Say which project: ?project=NAME.',
    });
  }
  const project = await findProject(tx, orgId, named);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}
