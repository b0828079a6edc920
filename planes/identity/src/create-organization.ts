import { newId } from '@sagewai/crypto';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { appendAll, type AuditEntry } from '@sagewai/trust';
import { type OrganizationId, PLATFORM_CHAIN, type ProjectId } from '@sagewai/wire';

import { DEFAULT_PROJECT, type Organization, type Project } from './organization.ts';
import { findOrganizationId, insertOrganization, readOrganizations } from './organizations.sql.ts';
import { findProject, insertProject } from './projects.sql.ts';

export type OrganizationCreation =
  | { readonly kind: 'created'; readonly organization: Organization; readonly project: Project }
  | { readonly kind: 'taken' };

/** Makes an organization with its project `default`. The transaction must act for the new id. */
export async function createOrganizationIn(
  tx: Tx,
  { id, name }: { readonly id: OrganizationId; readonly name: string },
): Promise<OrganizationCreation> {
  const made = await insertOrganization(tx, { id, name });
  if (made.kind === 'taken') return made;
  const projectId = newId<ProjectId>();
  const first = await insertProject(tx, { id: projectId, orgId: id, name: DEFAULT_PROJECT });
  if (first.kind === 'taken') throw new Error(`the new organization ${id} has a project already`);
  return { kind: 'created', organization: made.organization, project: first.project };
}

export interface EnsuredOrganization {
  readonly organization: Organization;
  readonly project: Project;
  /** Say so to whoever named it: a misspelt name makes an organization too. */
  readonly created: boolean;
}

/**
 * Finds the organization of this name with its project `default`, or makes both. For first start, and
 * for a platform administrator who names one that does not exist. Two callers at once get the same.
 */
export async function ensureOrganization(
  db: Db,
  wanted: { readonly name: string; readonly actor: string; readonly requestId?: string },
): Promise<EnsuredOrganization> {
  const known = await findOrganizationId(db, wanted.name);
  if (known !== null) return readEnsured(db, known);
  const id = newId<OrganizationId>();
  const creation = await inTenant(db, [id], async (tx) => {
    const made = await createOrganizationIn(tx, { id, name: wanted.name });
    if (made.kind === 'created') await appendAll(tx, creationEntries(id, wanted));
    return made;
  });
  if (creation.kind === 'created') {
    const { organization, project } = creation;
    return { organization, project, created: true };
  }
  const winner = await findOrganizationId(db, wanted.name);
  if (winner === null) throw new Error(`no organization ${wanted.name}, yet its name is taken`);
  return readEnsured(db, winner);
}

/** The creation is the first entry of the new chain, and one of the platform's. */
function creationEntries(
  id: OrganizationId,
  { name, actor, requestId = '' }: { name: string; actor: string; requestId?: string },
): AuditEntry[] {
  return [id, PLATFORM_CHAIN].map((orgId) => ({
    orgId,
    actor,
    action: 'identity.createOrganization',
    subject: `organization:${id}`,
    outcome: 'ok',
    requestId,
    details: { name },
  }));
}

function readEnsured(db: Db, id: OrganizationId): Promise<EnsuredOrganization> {
  return inTenant(db, [id], async (tx) => {
    const [organization] = await readOrganizations(tx);
    const project = await findProject(tx, id, DEFAULT_PROJECT);
    if (!organization || !project) throw new Error(`organization ${id} lacks a project`);
    return { organization, project, created: false };
  });
}
