import { newId } from '@sagewai/crypto';
import { inTenant, sql } from '@sagewai/postgres';
import {
  databaseTest,
  holdTransaction,
  makeTenant,
  type Tenant,
  untilWaiting,
} from '@sagewai/testing';
import {
  type AccountGroupId,
  type AccountId,
  ROLE_PERMISSIONS,
  type ServiceAccountId,
} from '@sagewai/wire';
import { expect } from 'vitest';

import {
  findAccountByEmail,
  insertAccount,
  listAccounts,
  markLogin,
  setActive,
} from '../accounts/accounts.sql.ts';
import { insertProject } from '../projects.sql.ts';
import type { Subject } from './grants.ts';
import { readGrants } from './read-grants.ts';
import { dropAssignment, insertAssignment } from './role-assignments.sql.ts';
import { deleteRole, insertRole, listCustomRoles, lockCustomRole } from './roles.sql.ts';
import {
  findServiceAccount,
  insertServiceAccount,
  listServiceAccounts,
  setServiceActive,
} from './service-accounts.sql.ts';

const LAST_OWNER = {
  status: 'rejected',
  reason: { message: expect.stringMatching(/keeps an owner/) },
};

interface Fixtures {
  readonly acme: Tenant;
  readonly account: (name: string) => Promise<Extract<Subject, { kind: 'account' }>>;
  readonly assign: (subject: Subject, role: string, inProject?: boolean) => Promise<boolean>;
  readonly unassign: (subject: Subject, role: string) => Promise<boolean>;
  readonly grants: (subject: Subject) => ReturnType<typeof readGrants>;
}

const test = databaseTest.extend<Fixtures>({
  acme: async ({ db }, use) => use(await makeTenant(db)),
  account: async ({ db, acme: { orgId } }, use) =>
    use(async (name) => {
      const id = newId<AccountId>();
      const email = `${name}@acme.test`;
      await inTenant(db, [orgId], (tx) =>
        insertAccount(tx, { id, orgId, email, name, source: 'local', externalId: null }),
      );
      return { kind: 'account', id };
    }),
  assign: async ({ db, acme: { orgId, projectId } }, use) =>
    use((subject, role, inProject = false) =>
      inTenant(db, [orgId], (tx) =>
        insertAssignment(tx, {
          id: newId(),
          orgId,
          projectId: inProject ? projectId : null,
          subject,
          role,
          createdBy: 'test',
        }),
      ),
    ),
  unassign: async ({ db, acme: { orgId } }, use) =>
    use((subject, role) =>
      inTenant(db, [orgId], (tx) => dropAssignment(tx, { orgId, projectId: null, subject, role })),
    ),
  grants: async ({ db, acme: { orgId, projectId } }, use) =>
    use((subject) => inTenant(db, [orgId], (tx) => readGrants(tx, { orgId, projectId, subject }))),
});

test('an account has its own roles and those of its groups, in the organization and a project', async ({
  db,
  acme: { orgId },
  account,
  assign,
  grants,
}) => {
  const anna = await account('anna');
  expect(await grants(anna)).toEqual({ organization: new Set(), project: new Set() });
  const group = { kind: 'group', id: newId<AccountGroupId>() } as const;
  await inTenant(db, [orgId], async (tx) => {
    await sql`insert into account_group (id, org_id, name, source)
              values (${group.id}, ${orgId}, 'builders', 'local')`.execute(tx);
    await sql`insert into account_group_member (org_id, group_id, account_id)
              values (${orgId}, ${group.id}, ${anna.id})`.execute(tx);
  });
  expect(await assign(group, 'developer', true)).toBe(true);
  expect(await assign(anna, 'viewer')).toBe(true);
  expect(await assign(anna, 'viewer')).toBe(false);
  expect(await grants(anna)).toEqual({
    organization: ROLE_PERMISSIONS.viewer,
    project: new Set([...ROLE_PERMISSIONS.developer].filter((name) => name !== 'team:read')),
  });
  const ben = await account('ben');
  expect((await grants(ben)).project.size).toBe(0);
});

test('a role in one project gives nothing in another (I10)', async ({
  db,
  acme,
  account,
  assign,
}) => {
  const anna = await account('anna');
  await assign(anna, 'developer', true);
  const other = newId<typeof acme.projectId>();
  const { orgId } = acme;
  const there = await inTenant(db, [orgId], async (tx) => {
    await insertProject(tx, { id: other, orgId, name: 'other' });
    return readGrants(tx, { orgId, projectId: other, subject: anna });
  });
  expect(there).toEqual({ organization: new Set(), project: new Set() });
});

test('a custom role gives its permissions, and stays while somebody has it', async ({
  db,
  acme: { orgId },
  account,
  assign,
  grants,
  unassign,
}) => {
  const anna = await account('anna');
  await expect(assign(anna, 'curious')).rejects.toThrow(/a_role_that_is_assigned_exists/);
  const role = {
    id: newId(),
    orgId,
    name: 'curious',
    permissions: ['run:read'],
    createdBy: 'test',
  };
  expect(await inTenant(db, [orgId], (tx) => insertRole(tx, role))).toBe(true);
  expect(await inTenant(db, [orgId], (tx) => insertRole(tx, role))).toBe(false);
  await assign(anna, 'curious');
  expect((await grants(anna)).organization).toEqual(new Set(['run:read']));
  const remove = () => inTenant(db, [orgId], (tx) => deleteRole(tx, { orgId, name: 'curious' }));
  expect(await remove()).toBe('held');
  await unassign(anna, 'curious');
  expect(await remove()).toBe('deleted');
  expect(await remove()).toBe('missing');
});

test('a custom role that is being given is not deleted at that moment', async ({
  db,
  owner,
  acme: { orgId },
  account,
}) => {
  const subject = await account('anna');
  const name = 'curious';
  const role = { id: newId(), orgId, name, permissions: ['run:read'], createdBy: 'test' };
  await inTenant(db, [orgId], (tx) => insertRole(tx, role));
  await using giving = await holdTransaction(db, [orgId], async (tx) => {
    expect(await lockCustomRole(tx, { orgId, name })).toMatchObject({ permissions: ['run:read'] });
    const given = { id: newId(), orgId, projectId: null, subject, role: name };
    await insertAssignment(tx, { ...given, createdBy: 'test' });
  });
  const removal = inTenant(db, [orgId], (tx) => deleteRole(tx, { orgId, name }));
  await untilWaiting(owner);
  await giving.commit();
  expect(await removal).toBe('held');
  const left = await inTenant(db, [orgId], (tx) => listCustomRoles(tx, orgId));
  expect(left.map((each) => each.name)).toEqual([name]);
});

test('who is not active has no grants', async ({
  db,
  acme: { orgId },
  account,
  assign,
  grants,
}) => {
  const anna = await account('anna');
  const robot = { kind: 'service_account', id: newId<ServiceAccountId>() } as const;
  const made = { id: robot.id, orgId, name: 'robot', createdBy: 'test' };
  await inTenant(db, [orgId], async (tx) => {
    expect(await insertServiceAccount(tx, made)).toMatchObject({ name: 'robot', active: true });
    expect(await insertServiceAccount(tx, { ...made, id: newId() })).toBeNull();
    const found = await findServiceAccount(tx, { orgId, nameOrId: 'ROBOT' });
    expect(await listServiceAccounts(tx, { orgId, page: { limit: 9 } })).toEqual([found]);
  });
  for (const subject of [anna, robot]) {
    await assign(subject, 'viewer');
    expect((await grants(subject)).organization).toEqual(ROLE_PERMISSIONS.viewer);
  }
  await inTenant(db, [orgId], async (tx) => {
    await setActive(tx, { orgId, id: anna.id, active: false });
    await setServiceActive(tx, { orgId, id: robot.id, active: false });
  });
  for (const subject of [anna, robot]) expect((await grants(subject)).organization.size).toBe(0);
});

test('no role reaches a subject, a project or a role of another organization', async ({
  db,
  assign,
  account,
}) => {
  const other = await makeTenant(db);
  const stranger = { kind: 'account', id: newId<AccountId>() } as const;
  await inTenant(db, [other.orgId], (tx) =>
    insertAccount(tx, {
      id: stranger.id,
      orgId: other.orgId,
      email: 'x@other.test',
      name: 'x',
      source: 'local',
      externalId: null,
    }),
  );
  await expect(assign(stranger, 'viewer')).rejects.toThrow(/foreign key/);
  const { id: ours } = await account('anna');
  await expect(assign({ kind: 'group', id: ours as never }, 'viewer')).rejects.toThrow(
    /foreign key/,
  );
});

test('ownership is of people and of the whole organization', async ({ account, assign }) => {
  const refused = /an_owner_is_a_person_of_the_whole_organization/;
  await expect(assign(await account('anna'), 'owner', true)).rejects.toThrow(refused);
  const robot = { kind: 'service_account', id: newId<ServiceAccountId>() } as const;
  await expect(assign(robot, 'owner')).rejects.toThrow(refused);
});

test('the last owner stays owner, and active (I11)', async ({
  db,
  acme: { orgId },
  account,
  assign,
  unassign,
}) => {
  const [anna, ben] = [await account('anna'), await account('ben')];
  const deactivate = ({ id }: { id: AccountId }) =>
    inTenant(db, [orgId], (tx) => setActive(tx, { orgId, id, active: false }));
  await assign(anna, 'owner');
  await expect(unassign(anna, 'owner')).rejects.toThrow(/keeps an owner/);
  await expect(deactivate(anna)).rejects.toThrow(/keeps an owner/);
  expect(await deactivate(ben)).toMatchObject({ active: false });
  await assign(ben, 'owner');
  await expect(unassign(anna, 'owner')).rejects.toThrow(/keeps an owner/);
});

test('two owners who leave at the same moment do not both leave (I11)', async ({
  db,
  owner,
  acme: { orgId },
  account,
  assign,
  unassign,
}) => {
  const [anna, ben] = [await account('anna'), await account('ben')];
  await assign(anna, 'owner');
  await assign(ben, 'owner');
  await using leaving = await holdTransaction(db, [orgId], (tx) =>
    dropAssignment(tx, { orgId, projectId: null, subject: anna, role: 'owner' }),
  );
  const other = Promise.allSettled([unassign(ben, 'owner')]);
  await untilWaiting(owner);
  await leaving.commit();
  expect(await other).toMatchObject([LAST_OWNER]);
});

test('an owner who leaves and one who is deactivated at that moment do not both go (I11)', async ({
  db,
  owner,
  acme: { orgId },
  account,
  assign,
  unassign,
}) => {
  const [anna, ben] = [await account('anna'), await account('ben')];
  await assign(anna, 'owner');
  await assign(ben, 'owner');
  await using going = await holdTransaction(db, [orgId], (tx) =>
    setActive(tx, { orgId, id: anna.id, active: false }),
  );
  const other = Promise.allSettled([unassign(ben, 'owner')]);
  await untilWaiting(owner);
  await going.commit();
  expect(await other).toMatchObject([LAST_OWNER]);
});

test('accounts are found by address in any case, listed, and marked when they sign in', async ({
  db,
  acme: { orgId },
  account,
}) => {
  const { id } = await account('Anna');
  await inTenant(db, [orgId], async (tx) => {
    await markLogin(tx, { orgId, id });
    const found = await findAccountByEmail(tx, { orgId, email: ' ANNA@acme.TEST ' });
    expect(found).toMatchObject({ id, email: 'anna@acme.test', active: true });
    expect(found?.lastLoginAt).toBeInstanceOf(Date);
    const again = { id: newId<AccountId>(), orgId, email: 'ANNA@acme.test', name: 'Anna' };
    expect(await insertAccount(tx, { ...again, source: 'local', externalId: null })).toBeNull();
    expect(await listAccounts(tx, { orgId, page: { limit: 9 } })).toEqual([found]);
  });
});
