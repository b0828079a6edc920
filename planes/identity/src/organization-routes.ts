import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, implementOwn, type Route } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  createOrganization,
  getOrganization,
  listOrganizations,
  type OrganizationId,
  PLATFORM_CHAIN,
  whoAmI,
} from '@sagewai/wire';

import { createOrganizationIn } from './create-organization.ts';
import type { Organization } from './organization.ts';
import { findOrganizationId, listOrganizationIds, readOrganizations } from './organizations.sql.ts';
import { cutPage, toPage } from './page.ts';
import { findProject } from './projects.sql.ts';
import { listPermissions, standsFor } from './roles/list-permissions.ts';

export function organizationRoutes({ db }: { readonly db: Db }): Route[] {
  return [
    implementOwn(listOrganizations, async ({ query, caller }) => {
      const page = toPage(query);
      const ids = await reachableIds(db, caller, page);
      const { items, next } = cutPage(ids, page, (id) => id);
      const organizations = await inTenant(db, items, readOrganizations);
      return { organizations: organizations.map(toWire), next_cursor: next };
    }),

    implement(
      createOrganization,
      async ({ tx, orgId, body, caller, audit, request }) => {
        const creation = await createOrganizationIn(tx, { id: orgId, name: body.name });
        if (creation.kind === 'taken') {
          throw new Fault('resource.exists', `the name of organization ${orgId} is taken`, {
            detail: `There is an organization ${body.name} already.`,
          });
        }
        const subject = `organization:${orgId}`;
        audit.about(subject, { name: body.name });
        // The pipeline starts the new chain; who made it is the platform's to know, too.
        await appendAudit(tx, {
          orgId: PLATFORM_CHAIN,
          actor: nameActor(caller),
          action: createOrganization.id,
          subject,
          outcome: 'ok',
          requestId: request.id,
          details: { name: body.name },
        });
        return toWire(creation.organization);
      },
      { organization: () => newId<OrganizationId>() },
    ),

    implementOwn(getOrganization, async ({ params, caller }) => {
      const id = await findOrganizationId(db, params.organization);
      const reachable = id !== null && (id === caller.orgId || caller.scopes.has('platform'));
      const [organization] = reachable ? await inTenant(db, [id], readOrganizations) : [];
      const detail = `There is no organization ${params.organization} that you can see.`;
      return toWire(found(organization, detail, 'organization.missing'));
    }),

    implementOwn(whoAmI, async ({ caller }) => {
      const { kind, id, name, orgId, projectId, scopes } = caller;
      const own = await inTenant(db, orgId === null ? [] : [orgId], async (tx) => ({
        organization: (await readOrganizations(tx))[0] ?? null,
        project: orgId && projectId && (await findProject(tx, orgId, projectId)),
      }));
      return {
        kind,
        id,
        name,
        organization: own.organization && named(own.organization),
        project: own.project === null ? null : named(own.project),
        scopes: [...scopes],
        permissions: listPermissions(caller),
        stands_for: standsFor(caller),
      };
    }),
  ];
}

/** One more than the page, to tell whether there is another. */
function reachableIds(
  db: Db,
  caller: Caller,
  page: { readonly limit: number; readonly cursor: string | undefined },
): Promise<OrganizationId[]> {
  if (caller.scopes.has('platform')) {
    return listOrganizationIds(db, { ...page, limit: page.limit + 1 });
  }
  const own = caller.orgId !== null && page.cursor === undefined ? [caller.orgId] : [];
  return Promise.resolve(own);
}

const named = ({ id, name }: { id: string; name: string }): { id: string; name: string } => ({
  id,
  name,
});

const toWire = ({ id, name, createdAt }: Organization) => ({
  id,
  name,
  created_at: createdAt.toISOString(),
});
