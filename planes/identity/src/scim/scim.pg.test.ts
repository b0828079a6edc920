import { newId } from '@sagewai/crypto';
import { inTenant, sql } from '@sagewai/postgres';
import {
  fileDatabaseTest as test,
  holdTransaction,
  makeTenant,
  type Tenant,
  untilWaiting,
} from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { type Answer, replicaOf, tokenOf } from '../sso/app-fixture.ts';
import { isOwnerByHand } from './access.sql.ts';
import { insertGroup } from './groups.sql.ts';
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from './schema.ts';
import type { StoredUser } from './settle-user.ts';
import { insertUser, readUser } from './users.sql.ts';

const PATCH_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:PatchOp';

type Db = Parameters<typeof replicaOf>[0];
interface Client {
  readonly tenant: Tenant;
  readonly call: (
    target: string,
    body?: object,
    headers?: Record<string, string>,
  ) => Promise<Answer>;
  readonly create: (userName: string, more?: object) => Promise<string>;
}

/** An identity provider of an organization of its own. */
async function clientOf(db: Db): Promise<Client> {
  const tenant = await makeTenant(db);
  const token = await tokenOf(db, tenant.orgId, ['scim']);
  const replica = replicaOf(db, []);
  const call: Client['call'] = (target, body, headers = {}) =>
    replica.call(token, target, {
      ...(body === undefined ? {} : { body }),
      headers: {
        ...(body === undefined ? {} : { 'content-type': 'application/scim+json' }),
        ...headers,
      },
    });
  return {
    tenant,
    call,
    create: async (userName, more = {}) => {
      const made = await call('POST /scim/v2/Users', { schemas: [USER_SCHEMA], userName, ...more });
      expect(made.status).toBe(201);
      return String(made.body['id']);
    },
  };
}

const patchOf = (...Operations: readonly object[]): object => ({
  schemas: [PATCH_SCHEMA],
  Operations,
});
const idsOf = ({ body }: Answer): unknown[] =>
  (body['Resources'] as { id: string }[]).map(({ id }) => id);
const filtered = (filter: string, more = ''): string =>
  `GET /scim/v2/Users?filter=${encodeURIComponent(filter)}${more}`;

describe('the service', () => {
  test('says what it supports, in its own media type', async ({ db }) => {
    const { call } = await clientOf(db);
    const about = await call('GET /scim/v2/ServiceProviderConfig');
    expect(about).toMatchObject({
      status: 200,
      body: {
        patch: { supported: true },
        bulk: { supported: false },
        filter: { supported: true, maxResults: 200 },
        sort: { supported: false },
        etag: { supported: true },
      },
    });
    expect(about.headers['content-type']).toContain('application/scim+json');
    const schemas = await call('GET /scim/v2/Schemas');
    expect(idsOf(schemas)).toEqual([USER_SCHEMA, GROUP_SCHEMA, ENTERPRISE_SCHEMA]);
    expect((await call(`GET /scim/v2/Schemas/${USER_SCHEMA}`)).body['id']).toBe(USER_SCHEMA);
    expect(idsOf(await call('GET /scim/v2/ResourceTypes'))).toEqual(['User', 'Group']);
    expect((await call('GET /scim/v2/ResourceTypes/Group')).body['endpoint']).toBe('/Groups');
    expect((await call('POST /scim/v2/Bulk', { Operations: [] })).status).toBe(404);
  });

  test('is for tokens of SCIM, which do nothing else; errors are in its shape', async ({ db }) => {
    const { tenant } = await clientOf(db);
    const { call } = replicaOf(db, []);
    for (const scope of ['read', 'write', 'admin'] as const) {
      const token = await tokenOf(db, tenant.orgId, [scope]);
      expect((await call(token, 'GET /scim/v2/Users')).status).toBe(403);
    }
    const scim = await tokenOf(db, tenant.orgId, ['scim']);
    expect((await call(scim, 'GET /api/v1/whoami')).status).toBe(403);
    expect(
      (await call(scim, 'POST /api/v1/tokens', { body: { name: 'x', scopes: ['admin'] } })).status,
    ).toBe(403);
    expect(await call(null, 'GET /scim/v2/Users')).toMatchObject({
      status: 401,
      body: { schemas: ['urn:ietf:params:scim:api:messages:2.0:Error'], status: '401' },
    });
    const nothing = await call(scim, `GET /scim/v2/Users/${newId()}`);
    expect(nothing).toMatchObject({ status: 404, body: { status: '404' } });
    expect((await call(scim, 'GET /scim/v2/Users/no-id')).status).toBe(404);
    expect((await call(scim, 'GET /scim/v2/Nothing')).body['schemas']).toBeDefined();
  });
});

describe('a user', () => {
  test('is made, read, replaced and deleted', async ({ db }) => {
    const { call } = await clientOf(db);
    const sent = {
      schemas: [USER_SCHEMA, ENTERPRISE_SCHEMA],
      userName: 'bjensen@acme.example',
      externalId: '701984',
      name: { givenName: 'Barbara', familyName: 'Jensen' },
      emails: [
        { value: 'Babs@home.example', type: 'home' },
        { value: 'BJensen@acme.example', type: 'work', primary: true },
      ],
      password: 'never kept',
      favouriteColour: 'blue',
      [ENTERPRISE_SCHEMA]: { department: 'Tours', manager: { value: '26118915' } },
    };
    const made = await call('POST /scim/v2/Users', sent);
    const id = String(made.body['id']);
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `https://sagewai.example/scim/v2/Users/${id}` },
      body: {
        schemas: sent.schemas,
        userName: sent.userName,
        externalId: '701984',
        name: sent.name,
        emails: sent.emails,
        active: true,
        [ENTERPRISE_SCHEMA]: sent[ENTERPRISE_SCHEMA],
        meta: { resourceType: 'User', location: `https://sagewai.example/scim/v2/Users/${id}` },
      },
    });
    expect(made.text).not.toMatch(/never kept|favouriteColour/);
    const read = await call(`GET /scim/v2/Users/${id}`);
    expect(read.body).toEqual(made.body);
    expect(read.headers['etag']).toBe(made.headers['etag']);

    const replaced = await call(`PUT /scim/v2/Users/${id}`, {
      userName: 'babs@acme.example',
      displayName: 'Babs',
      active: false,
    });
    expect(replaced).toMatchObject({
      status: 200,
      body: { id, userName: 'babs@acme.example', displayName: 'Babs', active: false },
    });
    for (const gone of ['name', 'emails', 'externalId', ENTERPRISE_SCHEMA]) {
      expect(replaced.body).not.toHaveProperty(gone);
    }
    const at = (answer: Answer): number =>
      Date.parse((answer.body['meta'] as { lastModified: string }).lastModified);
    expect(at(replaced)).toBeGreaterThan(at(made));

    expect((await call(`DELETE /scim/v2/Users/${id}`)).status).toBe(204);
    expect((await call(`GET /scim/v2/Users/${id}`)).status).toBe(404);
    expect((await call(`DELETE /scim/v2/Users/${id}`)).status).toBe(404);
    expect(idsOf(await call('GET /scim/v2/Users'))).toEqual([]);
    // The same person again, with nothing of what was before (S4).
    const again = await call('POST /scim/v2/Users', {
      ...sent,
      emails: [{ value: 'babs@acme.example' }],
    });
    expect(again).toMatchObject({ status: 201, body: { id, active: true, externalId: '701984' } });
    expect(again.body).not.toHaveProperty('groups');
  });

  test('needs a userName and an address', async ({ db }) => {
    const { call } = await clientOf(db);
    for (const wrong of [{}, { userName: '' }, { userName: 'bjensen' }, { userName: 7 }]) {
      expect(await call('POST /scim/v2/Users', wrong)).toMatchObject({
        status: 400,
        body: { scimType: 'invalidValue', status: '400' },
      });
    }
    const other = { userName: 'bjensen', emails: [{ value: 'b@acme.example' }] };
    expect((await call('POST /scim/v2/Users', other)).status).toBe(201);
  });

  test('of a userName or address that is taken is refused, in any case (S2)', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const ada = await create('ada@acme.example');
    const bob = await create('bob', { emails: [{ value: 'bob@acme.example' }] });
    const taken = { status: 409, body: { scimType: 'uniqueness', status: '409' } };
    const post = (body: object) => call('POST /scim/v2/Users', body);
    expect(await post({ userName: 'ADA@acme.example' })).toMatchObject(taken);
    expect(await post({ userName: 'BOB', emails: [{ value: 'x@acme.example' }] })).toMatchObject(
      taken,
    );
    expect(await post({ userName: 'x', emails: [{ value: 'Bob@acme.example' }] })).toMatchObject(
      taken,
    );
    const rename = patchOf({ op: 'replace', path: 'userName', value: 'Bob' });
    expect(await call(`PATCH /scim/v2/Users/${ada}`, rename)).toMatchObject(taken);
    expect(await call(`PUT /scim/v2/Users/${bob}`, { userName: 'ada@acme.example' })).toMatchObject(
      taken,
    );
  });

  test('is made once by two that ask at once: one 201, one 409 (S2)', async ({ db, owner }) => {
    const { tenant, call } = await clientOf(db);
    const { orgId } = tenant;
    const user: StoredUser = {
      userName: 'twin@acme.example',
      email: 'twin@acme.example',
      name: 'Twin',
      externalId: null,
      active: true,
      attributes: {},
    };
    await using held = await holdTransaction(db, [orgId], (tx) =>
      insertUser(tx, { orgId, id: newId<string>(), user }),
    );
    const second = call('POST /scim/v2/Users', { userName: 'Twin@acme.example' });
    await untilWaiting(owner, 1);
    await held.commit();
    expect(await second).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    expect(idsOf(await call(filtered('userName eq "twin@acme.example"')))).toHaveLength(1);
  });

  test('two changes at once do not undo each other', async ({ db, owner }) => {
    const { tenant, call, create } = await clientOf(db);
    const { orgId } = tenant;
    const id = await create('calm@acme.example', { title: 'before' });
    await using held = await holdTransaction(db, [orgId], (tx) =>
      readUser(tx, { orgId, id, forUpdate: true }),
    );
    const both = ['title', 'nickName'].map((path) =>
      call(`PATCH /scim/v2/Users/${id}`, patchOf({ op: 'replace', path, value: 'after' })),
    );
    await untilWaiting(owner, 2);
    await held.commit();
    expect((await Promise.all(both)).map(({ status }) => status)).toEqual([200, 200]);
    expect((await call(`GET /scim/v2/Users/${id}`)).body).toMatchObject({
      title: 'after',
      nickName: 'after',
    });
  });

  test('is changed in parts, as Entra ID and Okta send them', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const id = await create('carl@acme.example', { name: { givenName: 'Carl' } });
    const entra = patchOf(
      { op: 'Replace', path: 'displayName', value: 'Carl C' },
      { op: 'Add', path: 'emails[type eq "work"].value', value: 'carl.c@acme.example' },
      { op: 'Add', path: `${ENTERPRISE_SCHEMA}:department`, value: 'Sales' },
      { op: 'Replace', value: { 'name.familyName': 'Clark' } },
      { op: 'Replace', path: 'active', value: 'False' },
    );
    expect(await call(`PATCH /scim/v2/Users/${id}`, entra)).toMatchObject({
      status: 200,
      body: {
        displayName: 'Carl C',
        active: false,
        name: { givenName: 'Carl', familyName: 'Clark' },
        emails: [{ type: 'work', value: 'carl.c@acme.example' }],
        [ENTERPRISE_SCHEMA]: { department: 'Sales' },
      },
    });
    const okta = patchOf({ op: 'replace', value: { active: true } });
    expect((await call(`PATCH /scim/v2/Users/${id}`, okta)).body['active']).toBe(true);
    const wrong = patchOf(
      { op: 'replace', path: 'displayName', value: 'Nobody' },
      { op: 'replace', path: 'shoeSize', value: 46 },
    );
    expect(await call(`PATCH /scim/v2/Users/${id}`, wrong)).toMatchObject({
      status: 400,
      body: { scimType: 'invalidPath' },
    });
    expect((await call(`GET /scim/v2/Users/${id}`)).body['displayName']).toBe('Carl C');
  });

  test('is changed under If-Match in the version that was read, and in no other', async ({
    db,
  }) => {
    const { call, create } = await clientOf(db);
    const id = await create('etag@acme.example');
    const { headers } = await call(`GET /scim/v2/Users/${id}`);
    const version = String(headers['etag']);
    const change = (value: string, match: string) =>
      call(`PATCH /scim/v2/Users/${id}`, patchOf({ op: 'replace', path: 'title', value }), {
        'if-match': match,
      });
    expect((await change('one', version)).status).toBe(200);
    expect(await change('two', version)).toMatchObject({ status: 412, body: { status: '412' } });
    expect((await change('three', '*')).status).toBe(200);
    expect(
      (await call(`DELETE /scim/v2/Users/${id}`, undefined, { 'if-match': version })).status,
    ).toBe(412);
  });
});

describe('an owner by hand', () => {
  test('is seen by SCIM and changed by nobody but its organization (S3)', async ({ db }) => {
    const { tenant, call, create } = await clientOf(db);
    const { orgId } = tenant;
    const [owner, other] = [await create('owner@acme.example'), await create('other@acme.example')];
    const give = (id: string, by: string) =>
      inTenant(db, [orgId], (tx) =>
        sql`insert into role_assignment (id, org_id, subject_kind, subject_id, role, created_by)
            values (${newId()}, ${orgId}, 'account', ${id}, 'owner', ${by})`.execute(tx),
      );
    await give(owner, 'token:1');
    await give(other, 'sso:1');
    const owns = (accountId: string) =>
      inTenant(db, [orgId], (tx) => isOwnerByHand(tx, { orgId, accountId }));
    expect([await owns(owner), await owns(other)]).toEqual([true, false]);
    const off = patchOf({ op: 'replace', path: 'active', value: false });
    const path = `/scim/v2/Users/${owner}`;
    for (const answer of [
      await call(`PATCH ${path}`, off),
      await call(`PUT ${path}`, { userName: 'mine@evil.example' }),
      await call(`DELETE ${path}`),
    ]) {
      expect(answer).toMatchObject({ status: 400, body: { scimType: 'mutability' } });
    }
    expect((await call(`GET ${path}`)).body).toMatchObject({ active: true });
    expect((await call(`PATCH /scim/v2/Users/${other}`, off)).status).toBe(200);
  });
});

describe('a list of users', () => {
  test('is filtered, by what the database looks up and by what it does not', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const ada = await create('ada@acme.example', { externalId: 'e1', title: 'Engineer' });
    const bob = await create('bob@acme.example', { externalId: 'e2', active: false });
    for (const [filter, ids] of [
      ['userName eq "ADA@acme.example"', [ada]],
      ['externalId eq "e2"', [bob]],
      [`id eq "${bob}"`, [bob]],
      ['id eq "no id"', []],
      ['userName eq "ada@acme.example" and active eq false', []],
      ['title co "engin"', [ada]],
      ['active eq false or title pr', [ada, bob]],
      ['not (title pr)', [bob]],
      ['emails pr', []],
      ['meta.created gt "2020-01-01T00:00:00Z"', [ada, bob]],
    ] as const) {
      expect(idsOf(await call(filtered(filter)))).toEqual(ids);
    }
    expect(await call(filtered('userName is "x"'))).toMatchObject({
      status: 400,
      body: { scimType: 'invalidFilter' },
    });
    expect((await call(filtered('shoeSize eq "46"'))).body['detail']).toContain('shoeSize');
    const search = { filter: 'title pr', attributes: ['userName'], count: 10 };
    const found = await call('POST /scim/v2/Users/.search', search);
    expect(found.body['Resources']).toEqual([
      { schemas: [USER_SCHEMA], id: ada, userName: 'ada@acme.example' },
    ]);
  });

  test('comes in pages, and with the attributes that are asked for', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const ids = [
      await create('a@p.example'),
      await create('b@p.example'),
      await create('c@p.example'),
    ];
    const page = (query: string) => call(`GET /scim/v2/Users?${query}`);
    expect((await page('startIndex=2&count=1')).body).toMatchObject({
      totalResults: 3,
      startIndex: 2,
      itemsPerPage: 1,
      Resources: [{ id: ids[1] }],
    });
    expect((await page('count=0')).body).toMatchObject({ totalResults: 3, itemsPerPage: 0 });
    expect((await page('startIndex=0&count=2')).body).toMatchObject({
      startIndex: 1,
      itemsPerPage: 2,
    });
    expect(idsOf(await page('startIndex=9'))).toEqual([]);
    expect((await page('count=1&attributes=userName')).body['Resources']).toEqual([
      { schemas: [USER_SCHEMA], id: ids[0], userName: 'a@p.example' },
    ]);
    const paged = await call(
      filtered('userName sw "b" or userName sw "c"', '&startIndex=2&count=1'),
    );
    expect(paged.body).toMatchObject({ totalResults: 2, Resources: [{ id: ids[2] }] });
  });

  test('has accounts that SCIM did not make, so that a directory finds and takes them over', async ({
    db,
    owner,
  }) => {
    const { tenant, call } = await clientOf(db);
    const id = newId<string>();
    await inTenant(db, [tenant.orgId], (tx) =>
      insertUser(tx, {
        orgId: tenant.orgId,
        id,
        user: {
          userName: 'local@acme.example',
          email: 'local@acme.example',
          name: 'Local',
          externalId: null,
          active: true,
          attributes: {},
        },
      }),
    );
    await sql`delete from scim_user where account_id = ${id}`.execute(owner);
    const found = await call(filtered('userName eq "LOCAL@acme.example"'));
    expect(found.body['Resources']).toMatchObject([
      { id, userName: 'local@acme.example', displayName: 'Local', emails: [{ primary: true }] },
    ]);
    const taken = await call(`PUT /scim/v2/Users/${id}`, {
      userName: 'local@acme.example',
      externalId: 'x1',
    });
    expect(taken.body).toMatchObject({ id, externalId: 'x1' });
  });
});

describe('a group', () => {
  test('is made, read, changed and deleted; its members see it', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const [ada, bob] = [await create('ada@g.example'), await create('bob@g.example')];
    const made = await call('POST /scim/v2/Groups', {
      schemas: [GROUP_SCHEMA],
      displayName: 'Tour Guides',
      externalId: 'g1',
      members: [{ value: ada }],
    });
    const id = String(made.body['id']);
    expect(made).toMatchObject({
      status: 201,
      headers: { location: `https://sagewai.example/scim/v2/Groups/${id}` },
      body: {
        displayName: 'Tour Guides',
        externalId: 'g1',
        members: [{ value: ada, type: 'User' }],
      },
    });
    expect((await call(`GET /scim/v2/Users/${ada}`)).body['groups']).toMatchObject([
      { value: id, display: 'Tour Guides', type: 'direct' },
    ]);
    const members = async (): Promise<unknown> =>
      (
        (await call(`GET /scim/v2/Groups/${id}`)).body['members'] as { value: string }[] | undefined
      )?.map(({ value }) => value);
    const patch = (...operations: object[]) =>
      call(`PATCH /scim/v2/Groups/${id}`, patchOf(...operations));
    expect(
      (await patch({ op: 'Add', path: 'members', value: [{ value: bob }, { value: ada }] })).status,
    ).toBe(200);
    expect(await members()).toEqual([ada, bob]);
    await patch({ op: 'remove', path: `members[value eq "${ada}"]` });
    expect(await members()).toEqual([bob]);
    await patch({ op: 'Remove', path: 'members', value: [{ value: bob }] });
    expect(await members()).toEqual([]);
    await patch({ op: 'replace', value: { displayName: 'Guides', members: [{ value: ada }] } });
    expect(await members()).toEqual([ada]);
    const replaced = await call(`PUT /scim/v2/Groups/${id}`, {
      displayName: 'Guides',
      members: [{ value: bob }],
    });
    expect(replaced.body).toMatchObject({ displayName: 'Guides', members: [{ value: bob }] });
    expect(replaced.body).not.toHaveProperty('externalId');

    expect((await call(`DELETE /scim/v2/Groups/${id}`)).status).toBe(204);
    expect((await call(`GET /scim/v2/Groups/${id}`)).status).toBe(404);
    expect((await call(`GET /scim/v2/Users/${bob}`)).body).not.toHaveProperty('groups');
  });

  test('has a name of its own, and members that there are', async ({ db }) => {
    const { call } = await clientOf(db);
    await call('POST /scim/v2/Groups', { displayName: 'one' });
    const again = await call('POST /scim/v2/Groups', { displayName: 'one' });
    expect(again).toMatchObject({ status: 409, body: { scimType: 'uniqueness' } });
    const stranger = { displayName: 'two', members: [{ value: newId() }] };
    expect(await call('POST /scim/v2/Groups', stranger)).toMatchObject({
      status: 400,
      body: { scimType: 'invalidValue' },
    });
    expect(idsOf(await call('GET /scim/v2/Groups'))).toHaveLength(1);
    expect((await call('POST /scim/v2/Groups', {})).status).toBe(400);
  });

  test('is found by its name and its members, with or without showing them', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const ada = await create('ada@f.example');
    const { body } = await call('POST /scim/v2/Groups', {
      displayName: 'Sales',
      members: [{ value: ada }],
    });
    await call('POST /scim/v2/Groups', { displayName: 'Other' });
    const find = (filter: string) =>
      call(`GET /scim/v2/Groups?excludedAttributes=members&filter=${encodeURIComponent(filter)}`);
    for (const filter of [
      'displayName eq "sales"',
      `members eq "${ada}"`,
      `members[value eq "${ada}"]`,
    ]) {
      const found = await find(filter);
      expect(idsOf(found)).toEqual([body['id']]);
      expect(found.text).not.toContain('"members"');
    }
    expect(idsOf(await find('displayName sw "o"'))).toHaveLength(1);
  });

  test('of one name is made once by two that ask at once (S2)', async ({ db, owner }) => {
    const { tenant, call } = await clientOf(db);
    const { orgId } = tenant;
    await using held = await holdTransaction(db, [orgId], (tx) =>
      insertGroup(tx, { orgId, id: newId<string>(), name: 'Twins', externalId: null }),
    );
    const second = call('POST /scim/v2/Groups', { displayName: 'Twins' });
    await untilWaiting(owner, 1);
    await held.commit();
    expect((await second).status).toBe(409);
  });

  test('a change of members is a change of the version', async ({ db }) => {
    const { call, create } = await clientOf(db);
    const ada = await create('ada@v.example');
    const made = await call('POST /scim/v2/Groups', { displayName: 'V' });
    const path = `/scim/v2/Groups/${String(made.body['id'])}`;
    const add = patchOf({ op: 'add', path: 'members', value: [{ value: ada }] });
    const match = { 'if-match': String(made.headers['etag']) };
    expect((await call(`PATCH ${path}`, add, match)).status).toBe(200);
    expect((await call(`PATCH ${path}`, add, match)).status).toBe(412);
  });
});

test('nothing of another organization is seen or changed: 404 (I9)', async ({ db }) => {
  const [acme, evil] = [await clientOf(db), await clientOf(db)];
  const user = await acme.create('ada@acme.example');
  const { body } = await acme.call('POST /scim/v2/Groups', {
    displayName: 'Acme',
    members: [{ value: user }],
  });
  const group = String(body['id']);
  const bad = patchOf({ op: 'replace', path: 'displayName', value: 'Evil' });
  for (const path of [`/scim/v2/Users/${user}`, `/scim/v2/Groups/${group}`]) {
    expect((await evil.call(`GET ${path}`)).status).toBe(404);
    expect((await evil.call(`PATCH ${path}`, bad)).status).toBe(404);
    expect(
      (await evil.call(`PUT ${path}`, { userName: 'e@e.example', displayName: 'E' })).status,
    ).toBe(404);
    expect((await evil.call(`DELETE ${path}`)).status).toBe(404);
  }
  expect(idsOf(await evil.call('GET /scim/v2/Users'))).toEqual([]);
  expect(idsOf(await evil.call(filtered('userName eq "ada@acme.example"')))).toEqual([]);
  expect(idsOf(await evil.call('GET /scim/v2/Groups'))).toEqual([]);
  // A member of another organization is no user.
  const mixed = { displayName: 'Mixed', members: [{ value: user }] };
  expect((await evil.call('POST /scim/v2/Groups', mixed)).status).toBe(400);
  expect((await acme.call(`GET /scim/v2/Users/${user}`)).body['displayName']).toBeUndefined();
  // The same names are free elsewhere.
  await evil.create('ada@acme.example');
});
