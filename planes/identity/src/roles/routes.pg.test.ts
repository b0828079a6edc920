import { systemClock } from '@sagewai/clock';
import { newId } from '@sagewai/crypto';
import { createApp, createAuthenticator } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { databaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import { createAuditor, trustRoutes } from '@sagewai/trust';
import { type AccountId, ROLE_PERMISSIONS, type TokenId, type TokenScope } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { insertAccount } from '../accounts/accounts.sql.ts';
import { identityRoutes } from '../routes.ts';
import { createTokenReader } from '../token-reader.ts';
import { TOKEN_TRUST_MS } from '../token.ts';
import { giveToken } from './give-token-fixture.ts';
import { insertAssignment } from './role-assignments.sql.ts';

type Call = (
  token: string,
  target: string,
  body?: object,
) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;

function serve(db: Db): { readonly call: Call; readonly wait: () => void } {
  let nowMs = 0;
  const clock = { now: (): Date => systemClock.now(), monotonicMs: () => nowMs };
  const tokens = createTokenReader({ db, clock, metrics: createMetrics(), sendsMail: false });
  const app = createApp({
    routes: [...identityRoutes({ db, tokens }), ...trustRoutes({ db })],
    authenticate: createAuthenticator([tokens]),
    auditor: createAuditor({ db }),
    db,
    clock,
    log: silentLog,
    metrics: createMetrics(),
  });
  const call: Call = async (token, target, body) => {
    const [method, url = ''] = target.split(' ');
    const response = await app.inject({
      method: method as 'POST',
      url,
      headers: { authorization: `Bearer ${token}` },
      ...(body && { payload: body }),
    });
    return { status: response.statusCode, body: response.body === '' ? {} : response.json() };
  };
  return { call, wait: () => (nowMs += TOKEN_TRUST_MS) };
}

interface Fixtures {
  readonly acme: Tenant;
  readonly server: ReturnType<typeof serve>;
  readonly admin: string;
  /** The token of an account with a role. */
  readonly personal: (email: string, role: string, scope?: TokenScope) => Promise<string>;
}

const test = databaseTest.extend<Fixtures>({
  acme: async ({ db }, use) => use(await makeTenant(db)),
  server: async ({ db }, use) => use(serve(db)),
  admin: async ({ db, acme: { orgId } }, use) =>
    use(await giveToken(db, { orgId, scopes: ['admin'] })),
  personal: async ({ db, acme: { orgId } }, use) =>
    use(async (email, role, scope = 'admin') => {
      const accountId = newId<AccountId>();
      await inTenant(db, [orgId], async (tx) => {
        const account = { id: accountId, orgId, email, name: email };
        await insertAccount(tx, { ...account, source: 'local', externalId: null });
        const subject = { kind: 'account', id: accountId } as const;
        const held = { id: newId(), orgId, projectId: null, subject, role };
        await insertAssignment(tx, { ...held, createdBy: 'test' });
      });
      return giveToken(db, { orgId, scopes: [scope], accountId });
    }),
});

describe('roles', () => {
  test('are listed, made of permissions, given by name, and deleted when nobody has them', async ({
    server: { call },
    admin,
    personal,
  }) => {
    const anna = await personal('anna@acme.test', 'viewer');
    const role = { name: 'starter', permissions: ['run:submit', 'run:read'] };
    expect((await call(admin, 'POST /api/v1/roles', role)).status).toBe(201);
    expect((await call(admin, 'POST /api/v1/roles', role)).status).toBe(409);
    for (const wrong of [
      { ...role, name: 'owner' },
      { ...role, name: 'Not Plain' },
      { name: 'x', permissions: ['run:teleport'] },
      { name: 'x', permissions: ['owner:appoint'] },
      { name: 'x', permissions: ['fleet:claim'] },
    ]) {
      expect([400, 409]).toContain((await call(admin, 'POST /api/v1/roles', wrong)).status);
    }
    const listed = await call(admin, 'GET /api/v1/roles');
    expect(listed.body['roles']).toHaveLength(7);

    const given = await call(admin, 'POST /api/v1/role-assignments', {
      role: 'starter',
      subject_kind: 'account',
      subject: 'ANNA@acme.test',
    });
    expect(given.status).toBe(201);
    const who = await call(anna, 'GET /api/v1/whoami');
    expect(new Set(who.body['permissions'] as string[])).toEqual(
      new Set([...ROLE_PERMISSIONS.viewer, 'run:submit']),
    );
    expect((await call(admin, 'DELETE /api/v1/roles/starter')).status).toBe(409);
    const url = `DELETE /api/v1/role-assignments/${String(given.body['id'])}`;
    expect((await call(admin, url)).status).toBe(200);
    expect((await call(admin, url)).status).toBe(404);
    expect((await call(admin, 'DELETE /api/v1/roles/starter')).status).toBe(204);
    expect((await call(admin, 'DELETE /api/v1/roles/viewer')).status).toBe(409);
  });

  test('are not given, made or taken by who does not have them (I12)', async ({
    server: { call },
    personal,
  }) => {
    const owner = await personal('olga@acme.test', 'owner');
    const admin = await personal('adam@acme.test', 'admin');
    const give = (role: string) => ({ role, subject_kind: 'account', subject: 'adam@acme.test' });
    expect((await call(admin, 'POST /api/v1/role-assignments', give('owner'))).status).toBe(403);
    expect((await call(admin, 'POST /api/v1/role-assignments', give('auditor'))).status).toBe(201);
    const own = { name: 'own', permissions: ['sso:write'] };
    expect((await call(admin, 'POST /api/v1/roles', own)).status).toBe(403);
    const olga = await call(admin, 'GET /api/v1/accounts/olga@acme.test');
    const [held] = olga.body['roles'] as { id: string }[];
    expect((await call(admin, `DELETE /api/v1/role-assignments/${held?.id}`)).status).toBe(403);
    const stop = { active: false };
    expect((await call(admin, 'PUT /api/v1/accounts/olga@acme.test/active', stop)).status).toBe(
      403,
    );
    // A token of an owner is no owner: its scopes end before ownership.
    expect((await call(owner, 'POST /api/v1/role-assignments', give('owner'))).status).toBe(403);
  });
});

describe('a token of an account', () => {
  test('does what the account may do now, within its scopes, and names it in the log (I12)', async ({
    server: { call, wait },
    admin,
    personal,
  }) => {
    const anna = await personal('anna@acme.test', 'admin');
    const made = await call(anna, 'POST /api/v1/tokens', { name: 'ci', scopes: ['admin'] });
    const child = String(made.body['token']);
    expect((await call(child, 'POST /api/v1/projects', { name: 'one' })).status).toBe(201);
    const log = await call(admin, 'GET /api/v1/audit?limit=1');
    expect(JSON.stringify(log.body)).toContain('ci (anna@acme.test)');
    const account = await call(admin, 'GET /api/v1/accounts/anna@acme.test');
    const [held] = account.body['roles'] as { id: string }[];
    const subject = { subject_kind: 'account', subject: 'anna@acme.test' };
    await call(admin, 'POST /api/v1/role-assignments', { role: 'viewer', ...subject });
    expect((await call(admin, `DELETE /api/v1/role-assignments/${held?.id}`)).status).toBe(200);
    wait();
    expect((await call(child, 'POST /api/v1/projects', { name: 'two' })).status).toBe(403);
    expect((await call(child, 'GET /api/v1/projects')).status).toBe(200);
    const stop = { active: false };
    expect((await call(admin, 'PUT /api/v1/accounts/anna@acme.test/active', stop)).status).toBe(
      200,
    );
    wait();
    expect((await call(child, 'GET /api/v1/projects')).status).toBe(401);
  });
});

describe('a service account', () => {
  test('calls with tokens of its own, narrowed by their scopes, until it is stopped', async ({
    server: { call, wait },
    admin,
    personal,
  }) => {
    const robot = await call(admin, 'POST /api/v1/service-accounts', { name: 'robot' });
    expect(robot.status).toBe(201);
    expect((await call(admin, 'POST /api/v1/service-accounts', { name: 'ROBOT' })).status).toBe(
      409,
    );
    const of = { name: 'deploy', scopes: ['read'], service_account: 'robot' };
    const value = String((await call(admin, 'POST /api/v1/tokens', of)).body['token']);
    expect((await call(value, 'GET /api/v1/projects')).status).toBe(403);
    const subject = { role: 'admin', subject_kind: 'service_account', subject: 'robot' };
    await call(admin, 'POST /api/v1/role-assignments', subject);
    wait();
    expect((await call(value, 'GET /api/v1/projects')).status).toBe(200);
    expect((await call(value, 'POST /api/v1/projects', { name: 'x' })).status).toBe(403);
    expect((await call(value, 'GET /api/v1/whoami')).body).toMatchObject({
      stands_for: { kind: 'service_account', id: robot.body['id'] },
    });
    const weak = await personal('eve@acme.test', 'viewer');
    expect((await call(weak, 'POST /api/v1/tokens', of)).status).toBe(403);
    const stop = { active: false };
    await call(admin, 'PUT /api/v1/service-accounts/robot/active', stop);
    wait();
    expect((await call(value, 'GET /api/v1/projects')).status).toBe(403);
    const list = await call(admin, 'GET /api/v1/service-accounts');
    expect(list.body).toMatchObject({ service_accounts: [{ name: 'robot', active: false }] });
  });

  test('is given a token by nobody who has less than it (I12)', async ({
    server: { call },
    admin,
  }) => {
    await call(admin, 'POST /api/v1/service-accounts', { name: 'robot' });
    const subject = { subject_kind: 'service_account', subject: 'robot' };
    await call(admin, 'POST /api/v1/role-assignments', { role: 'operator', ...subject });
    const permissions = ['token:write', 'organization:read'];
    await call(admin, 'POST /api/v1/roles', { name: 'clerk', permissions });
    await call(admin, 'POST /api/v1/service-accounts', { name: 'clerk' });
    const clerk = { role: 'clerk', subject_kind: 'service_account', subject: 'clerk' };
    await call(admin, 'POST /api/v1/role-assignments', clerk);
    const own = { name: 'c', scopes: ['admin'], service_account: 'clerk' };
    const value = String((await call(admin, 'POST /api/v1/tokens', own)).body['token']);
    const more = { name: 'more', scopes: ['admin'], service_account: 'robot' };
    expect((await call(value, 'POST /api/v1/tokens', more)).status).toBe(403);
    const child = await call(value, 'POST /api/v1/tokens', { name: 'child', scopes: ['admin'] });
    const who = await call(String(child.body['token']), 'GET /api/v1/whoami');
    expect(who.body['permissions']).toEqual(['organization:read', 'token:write']);
  });
});

test('no token outlives the one that it was made with (I12)', async ({
  server: { call },
  admin,
}) => {
  const short = { name: 'short', scopes: ['admin'], expires_in_seconds: 600 };
  const { body } = await call(admin, 'POST /api/v1/tokens', short);
  const ends = [];
  for (const more of [{}, { expires_in_seconds: 86_400 }, { expires_in_seconds: 60 }]) {
    const asked = { name: 'child', scopes: ['read'], ...more };
    const child = await call(String(body['token']), 'POST /api/v1/tokens', asked);
    ends.push(
      Date.parse(String(child.body['expires_at'])) - Date.parse(String(body['expires_at'])),
    );
  }
  expect(ends.slice(0, 2)).toEqual([0, 0]);
  expect(ends[2]).toBeLessThan(-500_000);
});

test('a token for a single use is good for one request, of many that come together (I13)', async ({
  db,
  server,
  admin,
}) => {
  const elsewhere = serve(db);
  const of = { name: 'once', scopes: ['read'], single_use: true };
  const made = await server.call(admin, 'POST /api/v1/tokens', of);
  const value = String(made.body['token']);
  const answers = await Promise.all(
    [...Array(6).keys()].map((at) =>
      (at % 2 ? elsewhere : server).call(value, 'GET /api/v1/projects'),
    ),
  );
  expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
    200, 401, 401, 401, 401, 401,
  ]);
  expect((await server.call(value, 'GET /api/v1/projects')).status).toBe(401);
  const { body } = await server.call(admin, 'GET /api/v1/tokens');
  const listed = (body['tokens'] as { id: TokenId; single_use: boolean }[]).find(
    ({ id }) => id === made.body['id'],
  );
  expect(listed?.single_use).toBe(true);
});
