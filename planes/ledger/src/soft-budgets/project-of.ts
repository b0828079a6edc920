import { Fault } from '@sagewai/fault';
import { type Caller, found } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

/**
 * The project that a call about budgets means: the one that it names, else the one of its credential. A
 * credential of a project does not know of the others.
 */
export async function projectOf(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly caller: Caller;
    readonly named: string | undefined;
  },
): Promise<ProjectId> {
  const { orgId, caller, named } = of;
  const own = caller.kind === 'token' ? boundProject(caller) : caller.projectId;
  if (named !== undefined) {
    const project = await findProject(tx, orgId, named);
    const within = own === null || project?.id === own ? project : null;
    return found(within, 'There is no such project.', 'project.missing').id;
  }
  if (caller.projectId === null) {
    throw new Fault('project.missing', 'a budget is of no project', {
      detail: 'Name the project in ?project= or X-Project-ID.',
    });
  }
  return caller.projectId;
}
