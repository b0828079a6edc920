import { type Caller, found } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

import { findProject } from './projects.sql.ts';
import { boundProject } from './token-reader.ts';

interface Naming {
  readonly orgId: OrganizationId;
  readonly caller: Caller;
  /** Its name or its id. */
  readonly named: string;
}

/** The project that a caller names. For one that is bound to a project the others are not there. */
export async function namedProject(
  tx: Tx,
  { orgId, caller, named }: Naming,
  bound = boundProject(caller),
): Promise<ProjectId> {
  const project = await findProject(tx, orgId, named);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

/** The same; who names none means the one that it is bound to, or the whole organization. */
export async function chosenProject(
  tx: Tx,
  { named, ...of }: Omit<Naming, 'named'> & { readonly named: string | undefined },
  bound = boundProject(of.caller),
): Promise<ProjectId | null> {
  return named === undefined ? bound : namedProject(tx, { ...of, named }, bound);
}
