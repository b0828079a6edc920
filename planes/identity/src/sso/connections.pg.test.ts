import { inTenant } from '@sagewai/postgres';
import { fileDatabaseTest as test, makeTenant } from '@sagewai/testing';
import { describe, expect } from 'vitest';

import { ownerOf, PUBLIC_URL, replicaOf, tokenOf } from './app-fixture.ts';
import { findConnection, isSsoEnforced, listConnections } from './connections.sql.ts';
import { everythingIn } from './everything-fixture.sql.ts';
import { startIdentityProvider } from './idp-fixture.ts';

const CANARY = 'canary-of-the-client-secret';
const asked = (name: string) => ({
  name,
  issuer: 'https://acme.okta.example',
  client_id: 'sagewai',
  client_secret: CANARY,
  email_domains: ['acme.example'],
});

describe('a connection', () => {
  test('is made, read, listed, changed and deleted; its secret is nowhere', async ({
    db,
    owner,
  }) => {
    const { orgId } = await makeTenant(db);
    const admin = await ownerOf(db, orgId);
    const { call } = replicaOf(db, []);
    const made = await call(admin, 'POST /api/v1/sso/connections', {
      body: {
        ...asked('Okta'),
        group_roles: [{ group: 'dev', role: 'developer', project: 'default' }],
      },
    });
    expect(made).toMatchObject({
      status: 201,
      body: {
        name: 'Okta',
        has_client_secret: true,
        provisioning: 'first_sign_in',
        enforced: false,
      },
    });
    const id = String(made.body['id']);
    const seen = [
      made,
      await call(admin, 'GET /api/v1/sso/connections/okta'),
      await call(admin, 'GET /api/v1/sso/connections'),
      await call(admin, `PATCH /api/v1/sso/connections/${id}`, {
        body: { enforced: true, claims: { groups: 'roles' } },
      }),
      await call(admin, 'GET /api/v1/audit?limit=50'),
    ];
    expect(seen.map(({ status }) => status)).toEqual([201, 200, 200, 200, 200]);
    expect(seen[3]?.body).toMatchObject({
      enforced: true,
      claims: { groups: 'roles', email: 'email' },
      email_domains: ['acme.example'],
      has_client_secret: true,
    });
    // Planted once; it is in no answer, no entry and no row of the database.
    for (const { text } of seen) expect(text).not.toContain(CANARY);
    const stored = await inTenant(db, [orgId], (tx) => findConnection(tx, orgId, id));
    expect(stored?.clientSecret).toMatch(/^s1\./);
    expect(await everythingIn(owner)).not.toContain(CANARY);
    expect(await inTenant(db, [orgId], (tx) => isSsoEnforced(tx, orgId))).toBe(true);

    expect((await call(admin, `DELETE /api/v1/sso/connections/${id}`)).body).toEqual({
      id,
      deleted: true,
    });
    expect((await call(admin, `GET /api/v1/sso/connections/${id}`)).status).toBe(404);
    expect(await inTenant(db, [orgId], (tx) => isSsoEnforced(tx, orgId))).toBe(false);
  });

  test('has a name of its own, in any case', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const admin = await ownerOf(db, orgId);
    const { call } = replicaOf(db, []);
    await call(admin, 'POST /api/v1/sso/connections', { body: asked('one') });
    const again = await call(admin, 'POST /api/v1/sso/connections', { body: asked('ONE') });
    expect(again).toMatchObject({ status: 409, body: { code: 'resource.exists' } });
    await call(admin, 'POST /api/v1/sso/connections', { body: asked('two') });
    const renamed = await call(admin, 'PATCH /api/v1/sso/connections/two', {
      body: { name: 'One' },
    });
    expect(renamed.status).toBe(409);
  });

  test('does not take its secret along to another provider (O6)', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const admin = await ownerOf(db, orgId);
    const { call } = replicaOf(db, []);
    await call(admin, 'POST /api/v1/sso/connections', { body: asked('okta') });
    const change = (body: object) => call(admin, 'PATCH /api/v1/sso/connections/okta', { body });
    const evil = { issuer: 'https://evil.example' };
    expect(await change(evil)).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
    expect((await change({ issuer: 'https://acme.okta.example/oauth2/x' })).status).toBe(200);
    expect((await change({ ...evil, client_secret: 'another' })).status).toBe(200);
    expect((await change({ client_secret: null })).status).toBe(400);
    expect(
      (await change({ client_secret: null, client_authentication: 'none' })).body,
    ).toMatchObject({ has_client_secret: false });
  });

  test('is for administrators alone, and of one organization (I9)', async ({ db }) => {
    const [acme, other] = [await makeTenant(db), await makeTenant(db)];
    const { call } = replicaOf(db, []);
    const admin = await ownerOf(db, acme.orgId);
    const stranger = await ownerOf(db, other.orgId);
    const { body } = await call(admin, 'POST /api/v1/sso/connections', { body: asked('okta') });
    const path = `/api/v1/sso/connections/${String(body['id'])}`;
    for (const scopes of [['write'], ['read']] as const) {
      const token = await tokenOf(db, acme.orgId, scopes);
      expect((await call(token, `GET ${path}`)).status).toBe(403);
    }
    // It reads; but who vouches for people is said by an owner, who is somebody.
    const ofNobody = await tokenOf(db, acme.orgId, ['admin']);
    expect((await call(ofNobody, `GET ${path}`)).status).toBe(200);
    const made = await call(ofNobody, 'POST /api/v1/sso/connections', { body: asked('mine') });
    expect(made.status).toBe(403);
    const changed = await call(ofNobody, `PATCH ${path}`, { body: { enforced: true } });
    expect(changed.status).toBe(403);
    expect((await call(stranger, `GET ${path}`)).status).toBe(404);
    expect((await call(stranger, `PATCH ${path}`, { body: { enabled: false } })).status).toBe(404);
    expect((await call(stranger, `DELETE ${path}`)).status).toBe(404);
    expect((await call(stranger, `POST ${path}/test`)).status).toBe(404);
    expect((await call(stranger, 'GET /api/v1/sso/connections')).body).toEqual({ connections: [] });
    const left = await inTenant(db, [acme.orgId], (tx) => listConnections(tx, acme.orgId));
    expect(left).toMatchObject([{ name: 'okta', enabled: true }]);
  });

  test('leads to no address that the operator would not call', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const admin = await ownerOf(db, orgId);
    const { call } = replicaOf(db, ['keycloak.internal:8080']);
    const make = async (issuer: string): Promise<unknown> => {
      const body = { ...asked(issuer.slice(0, 90)), issuer };
      return (await call(admin, 'POST /api/v1/sso/connections', { body })).status;
    };
    expect(await make('http://169.254.169.254')).toBe(400);
    expect(await make('https://10.0.0.1')).toBe(400);
    expect(await make('http://login.example.com')).toBe(400);
    expect(await make('http://keycloak.internal:8080/realms/acme')).toBe(201);
  });

  test('is tried: the provider says what it is, or why it cannot be read', async ({ db }) => {
    const { orgId } = await makeTenant(db);
    const admin = await ownerOf(db, orgId);
    const idp = await startIdentityProvider();
    const { call } = replicaOf(db, [idp.host]);
    const body = { ...asked('idp'), issuer: idp.issuer, email_domains: [] };
    const made = await call(admin, 'POST /api/v1/sso/connections', { body });
    expect(await call(admin, 'POST /api/v1/sso/connections/idp/test')).toMatchObject({
      status: 200,
      body: {
        issuer: idp.issuer,
        redirect_uri: `${PUBLIC_URL}/auth/oidc/${String(made.body['id'])}/callback`,
        end_session_endpoint: `${idp.issuer}/session/end`,
        problems: [expect.stringContaining('No e-mail domain')],
      },
    });
    await idp.stop();
    const failed = await call(admin, 'POST /api/v1/sso/connections/idp/test');
    expect(failed).toMatchObject({
      status: 502,
      body: { detail: expect.stringContaining('does not accept connections') },
    });
  });
});
