import { newId } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';
import { appendAll } from '@sagewai/trust';
import { NAME_PATTERN, type OrganizationId, type ProjectId } from '@sagewai/wire';

import type { Project } from './organization.ts';
import { findProject, insertProject } from './projects.sql.ts';

const NAME = new RegExp(NAME_PATTERN, 'u');

/** Whether a project may have this name. */
export const isProjectName = (name: string): boolean => NAME.test(name);

/** Finds the project of this name, or makes it, which is audited as if it had been asked for. */
export async function ensureProject(
  tx: Tx,
  { orgId, name, actor }: { orgId: OrganizationId; name: string; actor: string },
): Promise<Project> {
  const known = await findProject(tx, orgId, name);
  if (known !== null) return known;
  const id = newId<ProjectId>();
  const made = await insertProject(tx, { id, orgId, name });
  if (made.kind === 'created') {
    const of = { orgId, actor, action: 'identity.createProject', outcome: 'ok', requestId: '' };
    await appendAll(tx, [{ ...of, subject: `project:${id}`, details: { name } }]);
    return made.project;
  }
  // Another was quicker.
  const winner = await findProject(tx, orgId, name);
  if (winner === null) throw new Error(`no project ${name}, yet its name is taken`);
  return winner;
}
