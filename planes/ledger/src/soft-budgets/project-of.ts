import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';
import { boundProject, namedProject } from '@sagewai/identity';
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
  const isPerson = caller.kind === 'token' || caller.kind === 'account';
  const own = isPerson ? boundProject(caller) : caller.projectId;
  if (named !== undefined) return namedProject(tx, { orgId, caller, named }, own);
  if (caller.projectId === null) {
    throw new Fault('project.missing', 'a budget is of no project', {
      detail: 'Name the project in ?project= or X-Project-ID.',
    });
  }
  return caller.projectId;
}
