import { systemClock } from '@sagewai/clock';
import { hashToken, mintToken, newId } from '@sagewai/crypto';
import { type App, createApp, createAuthenticator } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, inTransaction } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import {
  databaseTest,
  holdTransaction,
  makeTenant,
  type Tenant,
  untilWaiting,
} from '@sagewai/testing';
import { createAuditor, trustRoutes } from '@sagewai/trust';
import { PLATFORM_CHAIN, type TokenId, type TokenScope } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { dropCredential, findCredential, registerCredential } from './credentials.sql.ts';
import { insertPlatformToken } from './platform-tokens.sql.ts';
import { insertProject } from './projects.sql.ts';
import { identityRoutes } from './routes.ts';
import { createTokenReader } from './token-reader.ts';
import { TOKEN_TRUST_MS } from './token.ts';
import { insertToken, revoke } from './tokens.sql.ts';

class TestClock {
  nowMs = 0;
  readonly now = (): Date => systemClock.now();
  readonly monotonicMs = (): number => this.nowMs;
}

interface Replica {
  readonly clock: TestClock;
  readonly call: (token: string | null, target: string, more?: Call) => Promise<Answer>;
}
interface Call {
  readonly headers?: Record<string, string>;
  readonly body?: object;
}
interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

function replicaOf(db: Db): Replica {
  const clock = new TestClock();
  const tokens = createTokenReader({ db, clock, metrics: createMetrics(), sendsMail: false });
  const app: App = createApp({
    routes: [...identityRoutes({ db, tokens }), ...trustRoutes({ db })],
    authenticate: createAuthenticator([tokens]),
    auditor: createAuditor({ db }),
    db,
    clock,
    log: silentLog,
    metrics: createMetrics(),
  });
  return {
    clock,
    call: async (token, target, { headers, body } = {}) => {
      const [method, url = ''] = target.split(' ');
      const response = await app.inject({
        method: method === 'POST' ? 'POST' : 'GET',
        url,
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body ? { payload: body } : {}),
      });
      return { status: response.statusCode, body: response.json() };
    },
  };
}

interface Fixtures {
  readonly replica: Replica;
  readonly acme: Tenant;
  /** Makes a token of acme by hand. */
  readonly tokenOf: (scopes: TokenScope[], more?: { bound?: boolean }) => Promise<string>;
  /** The token of a platform administrator. */
  readonly administrator: string;
}

const test = databaseTest.extend<Fixtures>({
  replica: async ({ db }, use) => use(replicaOf(db)),
  acme: async ({ db }, use) => use(await makeTenant(db)),
  tokenOf: async ({ db, acme: { orgId, projectId } }, use) =>
    use(async (scopes, { bound = false } = {}) => {
      const id = newId<TokenId>();
      const value = mintToken('sat-');
      await inTenant(db, [orgId], async (tx) => {
        await insertToken(tx, {
          id,
          orgId,
          projectId: bound ? projectId : null,
          name: scopes.join(),
          scopes,
          createdBy: 'test',
          expiresInSeconds: null,
        });
        await registerCredential(tx, { hash: hashToken(value), kind: 'token', id, orgId });
      });
      return value;
    }),
  administrator: async ({ dispatch }, use) => {
    const value = mintToken('sat-');
    await inTransaction(dispatch, (tx) =>
      insertPlatformToken(tx, { id: newId<TokenId>(), name: 'root', hash: hashToken(value) }),
    );
    await use(value);
  },
});

describe('who is calling', () => {
  test('is told by the token: its organization, and its default project (I1)', async ({
    replica,
    acme,
    tokenOf,
  }) => {
    const answer = await replica.call(await tokenOf(['write']), 'GET /api/v1/whoami');
    expect(answer).toMatchObject({
      status: 200,
      body: {
        kind: 'token',
        organization: { id: acme.orgId, name: acme.orgName },
        project: { id: acme.projectId, name: 'default' },
        scopes: ['write'],
      },
    });
  });

  test('may be said in X-Api-Key', async ({ replica, tokenOf }) => {
    const headers = { 'x-api-key': await tokenOf(['read']) };
    expect((await replica.call(null, 'GET /api/v1/whoami', { headers })).status).toBe(200);
  });

  test('is nobody without a token, or with one that is not known', async ({ replica }) => {
    for (const token of [null, mintToken('sat-'), 'Zk3v9QpLx7mWc2RtYb8NfHj4']) {
      expect(await replica.call(token, 'GET /api/v1/whoami')).toMatchObject({
        status: 401,
        body: { code: 'caller.unknown' },
      });
    }
  });

  test('chooses the project by X-Project-ID, by name or id', async ({
    db,
    replica,
    acme,
    tokenOf,
  }) => {
    const token = await tokenOf(['read']);
    const id = newId<typeof acme.projectId>();
    await inTenant(db, [acme.orgId], (tx) =>
      insertProject(tx, { id, orgId: acme.orgId, name: 'second' }),
    );
    for (const named of ['second', 'SECOND', id]) {
      const headers = { 'x-project-id': named };
      const answer = await replica.call(token, 'GET /api/v1/whoami', { headers });
      expect(answer.body['project']).toEqual({ id, name: 'second' });
    }
    const foreign = await makeTenant(db);
    for (const named of ['third', foreign.projectId]) {
      const headers = { 'x-project-id': named };
      expect(await replica.call(token, 'GET /api/v1/whoami', { headers })).toMatchObject({
        status: 404,
        body: { code: 'project.missing' },
      });
    }
  });

  test('cannot be another organization than the one of the token (I1)', async ({
    db,
    replica,
    acme,
    tokenOf,
  }) => {
    const token = await tokenOf(['admin']);
    const other = await makeTenant(db);
    const ask = (organization: string) =>
      replica.call(token, 'GET /api/v1/whoami', { headers: { 'x-organization': organization } });
    expect((await ask(acme.orgName)).status).toBe(200);
    expect((await ask(acme.orgId)).status).toBe(200);
    for (const named of [other.orgName, other.orgId, 'nobody']) {
      expect(await ask(named)).toMatchObject({
        status: 404,
        body: { code: 'organization.missing' },
      });
    }
  });
});

describe('an administrator of the platform', () => {
  test('means the only organization when there is one', async ({
    replica,
    administrator,
    acme,
  }) => {
    const answer = await replica.call(administrator, 'GET /api/v1/whoami');
    expect(answer.body).toMatchObject({ organization: { id: acme.orgId }, scopes: ['platform'] });
  });

  test('names one of several, by name or id', async ({ db, replica, administrator, acme }) => {
    const other = await makeTenant(db);
    const nobody = await replica.call(administrator, 'GET /api/v1/whoami');
    expect(nobody.body).toMatchObject({ organization: null, project: null });
    expect(await replica.call(administrator, 'GET /api/v1/projects')).toMatchObject({
      status: 400,
      body: { code: 'organization.required' },
    });
    for (const named of [other.orgName, other.orgId]) {
      const headers = { 'x-organization': named };
      const answer = await replica.call(administrator, 'GET /api/v1/projects', { headers });
      expect(answer.body).toMatchObject({ projects: [{ id: other.projectId }] });
    }
    const headers = { 'x-organization': 'nobody' };
    expect((await replica.call(administrator, 'GET /api/v1/projects', { headers })).status).toBe(
      404,
    );
    expect(acme.orgId).not.toBe(other.orgId);
  });

  test('creates organizations, each with a project and two entries', async ({
    replica,
    administrator,
  }) => {
    const created = await replica.call(administrator, 'POST /api/v1/organizations', {
      body: { name: 'umbrella' },
      headers: { 'x-organization': 'umbrella' },
    });
    expect(created).toMatchObject({ status: 201, body: { name: 'umbrella' } });
    const headers = { 'x-organization': 'umbrella' };
    const projects = await replica.call(administrator, 'GET /api/v1/projects', { headers });
    expect(projects.body).toMatchObject({ projects: [{ name: 'default' }] });
    for (const chain of ['organization', 'platform']) {
      const audit = await replica.call(administrator, `GET /api/v1/audit?chain=${chain}&limit=1`, {
        headers,
      });
      expect.soft(audit.body, chain).toMatchObject({
        entries: [
          {
            action: 'identity.createOrganization',
            subject: `organization:${String(created.body['id'])}`,
            outcome: 'ok',
          },
        ],
      });
    }
    const again = await replica.call(administrator, 'POST /api/v1/organizations', {
      body: { name: 'Umbrella' },
    });
    expect(again).toMatchObject({ status: 409, body: { code: 'resource.exists' } });
  });

  test('sees all organizations, a page at a time; a token sees its own', async ({
    db,
    replica,
    administrator,
    acme,
    tokenOf,
  }) => {
    const ids = [acme, await makeTenant(db), await makeTenant(db)].map(({ orgId }) => orgId).sort();
    const first = await replica.call(administrator, 'GET /api/v1/organizations?limit=2');
    expect(first.body).toMatchObject({
      organizations: [{ id: ids[0] }, { id: ids[1] }],
      next_cursor: ids[1],
    });
    const second = await replica.call(
      administrator,
      `GET /api/v1/organizations?limit=2&cursor=${ids[1]}`,
    );
    expect(second.body).toMatchObject({ organizations: [{ id: ids[2] }], next_cursor: null });
    const own = await replica.call(await tokenOf(['admin']), 'GET /api/v1/organizations');
    expect(own.body).toMatchObject({ organizations: [{ id: acme.orgId }], next_cursor: null });
  });

  test('is the only one who creates organizations', async ({ replica, tokenOf }) => {
    const body = { name: 'umbrella' };
    const answer = await replica.call(await tokenOf(['admin']), 'POST /api/v1/organizations', {
      body,
    });
    expect(answer).toMatchObject({ status: 403, body: { code: 'caller.forbidden' } });
  });

  test('reads an organization that others cannot even tell from a missing one', async ({
    db,
    replica,
    administrator,
    tokenOf,
    acme,
  }) => {
    const other = await makeTenant(db);
    const url = `GET /api/v1/organizations/${other.orgName}`;
    expect((await replica.call(administrator, url)).body).toMatchObject({ id: other.orgId });
    const token = await tokenOf(['admin']);
    const foreign = await replica.call(token, url);
    const missing = await replica.call(token, 'GET /api/v1/organizations/nobody');
    expect(foreign.status).toBe(404);
    expect(missing.status).toBe(404);
    const own = await replica.call(token, `GET /api/v1/organizations/${acme.orgName}`);
    expect(own.status).toBe(200);
  });
});

describe('an access token', () => {
  const body = { name: 'ci', scopes: ['read'] };

  test('is shown once, and then works (I2)', async ({ replica, tokenOf }) => {
    const admin = await tokenOf(['admin']);
    const created = await replica.call(admin, 'POST /api/v1/tokens', {
      body: { ...body, expires_in_seconds: 60 },
    });
    expect(created.status).toBe(201);
    const value = String(created.body['token']);
    expect(value).toMatch(/^sat-[\w-]{43}$/);
    expect((await replica.call(value, 'GET /api/v1/whoami')).body).toMatchObject({
      scopes: ['read'],
    });
    const listed = await replica.call(admin, 'GET /api/v1/tokens');
    expect(JSON.stringify(listed.body)).not.toContain(value);
    expect(listed.body).toMatchObject({
      tokens: expect.arrayContaining([expect.objectContaining({ name: 'ci' })]),
    });
    const audit = await replica.call(admin, 'GET /api/v1/audit');
    expect(JSON.stringify(audit.body)).not.toContain(value.slice(4));
    expect(audit.body).toMatchObject({
      entries: [{ action: 'identity.createToken', subject: `token:${String(created.body['id'])}` }],
    });
  });

  test('needs an administrator, and fields that are known', async ({ replica, tokenOf }) => {
    const weaker = await replica.call(await tokenOf(['write']), 'POST /api/v1/tokens', { body });
    expect(weaker.status).toBe(403);
    const admin = await tokenOf(['admin']);
    for (const wrong of [
      { ...body, scopes: ['platform'] },
      { ...body, scopes: [] },
      { ...body, name: '' },
      { ...body, name: ' ci' },
      { ...body, name: 'c\u0000i' },
      { ...body, expires_in_seconds: 0 },
      { ...body, org_id: newId() },
    ]) {
      const answer = await replica.call(admin, 'POST /api/v1/tokens', { body: wrong });
      expect.soft(answer.status, JSON.stringify(wrong)).toBe(400);
    }
  });

  test('that was revoked is refused at once here, and within a second elsewhere (I3)', async ({
    db,
    replica,
    tokenOf,
  }) => {
    const elsewhere = replicaOf(db);
    const admin = await tokenOf(['admin']);
    const created = await replica.call(admin, 'POST /api/v1/tokens', { body });
    const value = String(created.body['token']);
    const ask = ({ call }: Replica) => call(value, 'GET /api/v1/whoami');
    expect((await ask(replica)).status).toBe(200);
    expect((await ask(elsewhere)).status).toBe(200);

    const url = `POST /api/v1/tokens/${String(created.body['id'])}/revoke`;
    expect((await replica.call(admin, url)).body['revoked_at']).not.toBeNull();
    expect((await ask(replica)).status).toBe(401);
    expect(await findCredential(db, { kind: 'token', hash: hashToken(value) })).toBeNull();
    elsewhere.clock.nowMs += TOKEN_TRUST_MS;
    expect((await ask(elsewhere)).status).toBe(401);
    expect((await replica.call(admin, url)).status).toBe(200);
    expect((await replica.call(admin, `POST /api/v1/tokens/${newId()}/revoke`)).status).toBe(404);
  });

  test('is trusted from before the database was asked, however late it answers (I3)', async ({
    db,
    owner,
    replica,
    acme: { orgId },
    tokenOf,
  }) => {
    const value = await tokenOf(['read']);
    const credential = await findCredential(db, { kind: 'token', hash: hashToken(value) });
    const id = credential?.id as TokenId;
    // The look-up has read the token and waits to mark its use: the answer is old when it comes.
    await using revocation = await holdTransaction(db, [orgId], (tx) => revoke(tx, { orgId, id }));
    const late = replica.call(value, 'GET /api/v1/whoami');
    await untilWaiting(owner);
    replica.clock.nowMs += TOKEN_TRUST_MS;
    await revocation.commit();
    expect((await late).status).toBe(200);
    expect((await replica.call(value, 'GET /api/v1/whoami')).status).toBe(401);
  });

  test('is asked for anew by who comes later than that, however late the first answer is (I3)', async ({
    db,
    owner,
    replica,
    acme: { orgId },
    tokenOf,
  }) => {
    const value = await tokenOf(['read']);
    const credential = await findCredential(db, { kind: 'token', hash: hashToken(value) });
    const id = credential?.id as TokenId;
    await using held = await holdTransaction(db, [orgId], (tx) => revoke(tx, { orgId, id }));
    const early = replica.call(value, 'GET /api/v1/whoami');
    await untilWaiting(owner);
    // As if the token had been revoked while the first look-up is still on its way.
    await inTransaction(db, (tx) => dropCredential(tx, { kind: 'token', id }));
    replica.clock.nowMs += TOKEN_TRUST_MS;
    expect((await replica.call(value, 'GET /api/v1/whoami')).status).toBe(401);
    await held.rollback();
    expect((await early).status).toBe(200);
    expect((await replica.call(value, 'GET /api/v1/whoami')).status).toBe(401);
  });

  test('that names `undefined` is not one that names nothing', async ({ replica, tokenOf }) => {
    const value = await tokenOf(['read']);
    expect((await replica.call(value, 'GET /api/v1/whoami')).status).toBe(200);
    const headers = { 'x-project-id': 'undefined' };
    expect((await replica.call(value, 'GET /api/v1/whoami', { headers })).status).toBe(404);
  });

  test('of another organization does not exist (I9)', async ({
    db,
    replica,
    administrator,
    tokenOf,
  }) => {
    const other = await makeTenant(db);
    const headers = { 'x-organization': other.orgId };
    const created = await replica.call(administrator, 'POST /api/v1/tokens', { body, headers });
    const admin = await tokenOf(['admin']);
    const url = `POST /api/v1/tokens/${String(created.body['id'])}/revoke`;
    expect((await replica.call(admin, url)).status).toBe(404);
    expect(JSON.stringify((await replica.call(admin, 'GET /api/v1/tokens')).body)).not.toContain(
      String(created.body['id']),
    );
    const value = String(created.body['token']);
    expect((await replica.call(value, 'GET /api/v1/whoami')).status).toBe(200);
  });

  test('bound to a project reaches that project, and nothing of the whole (I4)', async ({
    replica,
    acme,
    tokenOf,
  }) => {
    const admin = await tokenOf(['admin']);
    const second = await replica.call(admin, 'POST /api/v1/projects', { body: { name: 'second' } });
    expect(second.status).toBe(201);
    const bound = await tokenOf(['admin'], { bound: true });

    expect((await replica.call(bound, 'GET /api/v1/projects')).body).toMatchObject({
      projects: [{ id: acme.projectId }],
    });
    expect((await replica.call(bound, 'GET /api/v1/projects/second')).status).toBe(404);
    expect((await replica.call(bound, 'GET /api/v1/projects/default')).status).toBe(200);
    const headers = { 'x-project-id': 'second' };
    expect((await replica.call(bound, 'GET /api/v1/whoami', { headers })).status).toBe(404);
    for (const target of [
      'GET /api/v1/tokens',
      'POST /api/v1/tokens',
      'POST /api/v1/projects',
      'GET /api/v1/audit',
    ]) {
      const answer = await replica.call(bound, target, target.startsWith('POST') ? { body } : {});
      expect
        .soft(answer, target)
        .toMatchObject({ status: 403, body: { code: 'caller.forbidden' } });
    }
  });
});

describe('a project', () => {
  test('is made by an administrator, once a name', async ({ replica, tokenOf }) => {
    const body = { name: 'second' };
    const writer = await tokenOf(['write']);
    expect((await replica.call(writer, 'POST /api/v1/projects', { body })).status).toBe(403);
    const admin = await tokenOf(['admin']);
    expect((await replica.call(admin, 'POST /api/v1/projects', { body })).status).toBe(201);
    expect((await replica.call(admin, 'POST /api/v1/projects', { body })).status).toBe(409);
    expect((await replica.call(admin, 'GET /api/v1/projects/SECOND')).body).toMatchObject(body);
  });
});

test('a name that cannot stand where an id may stand is the caller’s mistake', async ({
  replica,
  tokenOf,
  administrator,
}) => {
  const admin = await tokenOf(['admin']);
  for (const name of [newId(), newId().toUpperCase(), 'line\u2028line', ' a', 'a ', 'a\tb']) {
    const project = await replica.call(admin, 'POST /api/v1/projects', { body: { name } });
    expect.soft(project.status, JSON.stringify(name)).toBe(400);
    const body = { name };
    const organization = await replica.call(administrator, 'POST /api/v1/organizations', { body });
    expect.soft(organization.status, JSON.stringify(name)).toBe(400);
  }
});

describe('what was refused', () => {
  test("of a stranger stands in the platform's chain", async ({ db, replica, administrator }) => {
    await makeTenant(db);
    await replica.call(mintToken('sat-'), 'GET /api/v1/whoami');
    const audit = await replica.call(administrator, 'GET /api/v1/audit?chain=platform');
    expect(audit.body).toMatchObject({
      entries: [{ actor: 'anonymous', outcome: 'caller.unknown', organization_id: PLATFORM_CHAIN }],
    });
  });
});
