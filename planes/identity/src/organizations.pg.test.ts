import { newId } from '@sagewai/crypto';
import { inTenant, inTransaction, sql } from '@sagewai/postgres';
import {
  databaseTest as alone,
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  untilWaiting,
} from '@sagewai/testing';
import { type OrganizationId, PLATFORM_CHAIN, type ProjectId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { createOrganizationIn, ensureOrganization } from './create-organization.ts';
import {
  findOrganizationId,
  insertOrganization,
  listOrganizationIds,
  readOrganizations,
} from './organizations.sql.ts';
import { findProject, insertProject, listProjects } from './projects.sql.ts';

describe('an organization', () => {
  test('is made with its project default', async ({ db }) => {
    const id = newId<OrganizationId>();
    const made = await inTenant(db, [id], (tx) => createOrganizationIn(tx, { id, name: 'acme' }));
    expect(made).toMatchObject({
      kind: 'created',
      organization: { id, name: 'acme' },
      project: { name: 'default', orgId: id },
    });
  });

  test('is found by name in any case, or by id, before any tenant is known', async ({ db }) => {
    const { orgId, orgName } = await makeTenant(db);
    expect(await findOrganizationId(db, orgName)).toBe(orgId);
    expect(await findOrganizationId(db, orgName.toUpperCase())).toBe(orgId);
    expect(await findOrganizationId(db, orgId)).toBe(orgId);
    expect(await findOrganizationId(db, 'nobody')).toBeNull();
    expect(await findOrganizationId(db, newId())).toBeNull();
  });

  test('has a name that no other has, in whatever case', async ({ db }) => {
    const { orgName } = await makeTenant(db);
    const id = newId<OrganizationId>();
    const again = inTenant(db, [id], (tx) =>
      insertOrganization(tx, { id, name: orgName.toUpperCase() }),
    );
    expect(await again).toEqual({ kind: 'taken' });
  });

  test.for(['', ' acme', 'a\nb', 'a'.repeat(101), '0197a1b2-0000-7000-8000-000000000001'])(
    'is not called %j',
    async (name, { db }) => {
      const id = newId<OrganizationId>();
      const insertion = inTenant(db, [id], (tx) => insertOrganization(tx, { id, name }));
      await expect(insertion).rejects.toThrow(/violates check constraint/);
    },
  );

  test('is never the platform', async ({ db }) => {
    const insertion = inTenant(db, [PLATFORM_CHAIN], (tx) =>
      insertOrganization(tx, { id: PLATFORM_CHAIN, name: 'platform' }),
    );
    await expect(insertion).rejects.toThrow(/the_platform_is_no_organization/);
  });

  alone(
    'is listed by id, a page at a time; its name only to who acts for it (I9)',
    async ({ db }) => {
      const made = [await makeTenant(db), await makeTenant(db), await makeTenant(db)];
      const ids = made.map(({ orgId }) => orgId).sort();
      expect(await listOrganizationIds(db, { limit: 2 })).toEqual(ids.slice(0, 2));
      expect(await listOrganizationIds(db, { limit: 2, cursor: ids[1] })).toEqual(ids.slice(2));
      const seen = await inTenant(db, ids.slice(0, 2), readOrganizations);
      expect(seen.map(({ id }) => id)).toEqual(ids.slice(0, 2));
      expect(await inTransaction(db, readOrganizations)).toEqual([]);
    },
  );

  alone('does not stand in the directory by its name', async ({ db, owner }) => {
    const { orgName } = await makeTenant(db);
    const { rows } = await sql<{ text: string }>`
      select directory::text as text from organization_directory directory
    `.execute(owner);
    expect(rows).toHaveLength(1);
    expect(rows[0]?.text).not.toContain(orgName);
  });
});

describe('ensureOrganization', () => {
  const wanted = { name: 'acme', actor: 'server' };

  alone('makes it once, and says so', async ({ db }) => {
    const first = await ensureOrganization(db, wanted);
    const second = await ensureOrganization(db, { ...wanted, name: 'ACME' });
    expect(first.created).toBe(true);
    expect(second).toEqual({ ...first, created: false });
  });

  alone('starts the new chain with its creation, and tells the platform', async ({ db }) => {
    const { organization } = await ensureOrganization(db, wanted);
    for (const orgId of [organization.id, PLATFORM_CHAIN]) {
      const { rows } = await inTenant(db, [orgId], (tx) =>
        sql`select seq::int as seq, action, subject, actor from audit_entry`.execute(tx),
      );
      expect(rows).toEqual([
        {
          seq: 1,
          action: 'identity.createOrganization',
          subject: `organization:${organization.id}`,
          actor: 'server',
        },
      ]);
    }
  });

  alone('finds the one that another made meanwhile', async ({ db, owner }) => {
    const id = newId<OrganizationId>();
    await using held = await holdTransaction(db, [id], (tx) =>
      createOrganizationIn(tx, { id, name: 'acme' }),
    );
    const ensured = ensureOrganization(db, wanted);
    await untilWaiting(owner);
    await held.commit();
    expect(await ensured).toMatchObject({ created: false, organization: { id } });
  });
});

describe('a project', () => {
  test('is found by name in any case, or by id, within its organization', async ({ db }) => {
    const [a, b] = [await makeTenant(db, { project: 'one' }), await makeTenant(db)];
    await inTenant(db, [a.orgId], async (tx) => {
      expect(await findProject(tx, a.orgId, 'ONE')).toMatchObject({ id: a.projectId });
      expect(await findProject(tx, a.orgId, a.projectId)).toMatchObject({ name: 'one' });
      expect(await findProject(tx, a.orgId, b.projectId)).toBeNull();
      expect(await findProject(tx, a.orgId, 'two')).toBeNull();
    });
  });

  test('has a name that no other of its organization has', async ({ db }) => {
    const [a, b] = [await makeTenant(db), await makeTenant(db)];
    const insert = (orgId: OrganizationId, name: string) =>
      inTenant(db, [orgId], (tx) => insertProject(tx, { id: newId<ProjectId>(), orgId, name }));
    expect(await insert(a.orgId, 'Default')).toEqual({ kind: 'taken' });
    expect(await insert(b.orgId, 'second')).toMatchObject({ kind: 'created' });
    expect(await insert(a.orgId, 'second')).toMatchObject({ kind: 'created' });
  });

  test('is listed a page at a time, or alone for a token that is bound to it (I4)', async ({
    db,
  }) => {
    const { orgId, projectId } = await makeTenant(db);
    await inTenant(db, [orgId], async (tx) => {
      for (const name of ['b', 'c']) {
        await insertProject(tx, { id: newId<ProjectId>(), orgId, name });
      }
      const all = await listProjects(tx, { orgId, only: null, page: { limit: 10 } });
      expect(all).toHaveLength(3);
      const rest = { limit: 10, cursor: all[0]?.id };
      expect(await listProjects(tx, { orgId, only: null, page: rest })).toEqual(all.slice(1));
      const bound = await listProjects(tx, { orgId, only: projectId, page: { limit: 10 } });
      expect(bound.map(({ id }) => id)).toEqual([projectId]);
    });
  });
});
