import { randomUUID } from 'node:crypto';

import { type Db, inTenant, sql } from '@sagewai/postgres';
import type { OrganizationId, ProjectId } from '@sagewai/wire';

export interface Tenant {
  readonly orgId: OrganizationId;
  readonly orgName: string;
  readonly projectId: ProjectId;
  readonly projectName: string;
}

/** Makes an organization with one project, as requests would; each call makes another. */
export async function makeTenant(db: Db, names: { project?: string } = {}): Promise<Tenant> {
  const orgId = randomUUID() as OrganizationId;
  const projectId = randomUUID() as ProjectId;
  const orgName = `org-${orgId.slice(0, 8)}`;
  const projectName = names.project ?? 'default';
  await inTenant(db, [orgId], async (tx) => {
    await sql`insert into organization (id, name) values (${orgId}, ${orgName})`.execute(tx);
    await sql`
      insert into project (id, org_id, name) values (${projectId}, ${orgId}, ${projectName})
    `.execute(tx);
  });
  return { orgId, orgName, projectId, projectName };
}
