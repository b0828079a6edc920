import { createHash } from 'node:crypto';

import { newId } from '@sagewai/crypto';
import { inTenant, sql } from '@sagewai/postgres';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import type { AccountId } from '@sagewai/wire';
import { afterAll, beforeAll, describe, expect } from 'vitest';

import { setPassword } from '../accounts/passwords.sql.ts';
import {
  ownerOf,
  passwordKeeper,
  PUBLIC_URL,
  type Replica,
  replicaOf,
  tokenOf,
} from './app-fixture.ts';
import { everythingIn } from './everything-fixture.sql.ts';
import {
  Browser,
  type IdentityProvider,
  startIdentityProvider,
  type Visited,
} from './idp-fixture.ts';

const PASSWORD = 'a long password that nobody has';
const SECRET = 'canary-secret-of-the-client-at-the-provider';
const test = fileDatabaseTest;
type Db = Parameters<typeof replicaOf>[0];

let idp: IdentityProvider;
beforeAll(async () => {
  idp = await startIdentityProvider();
});
afterAll(() => idp.stop());

interface Company {
  readonly tenant: Tenant;
  readonly replica: Replica;
  readonly id: string;
  readonly admin: string;
  readonly change: (body: object) => Promise<unknown>;
  readonly browser: () => Browser;
  readonly start: (query?: string) => URL;
}

/** Where a page of ours goes on to by itself. */
const refreshOf = (page: string): string | null =>
  /http-equiv="refresh" content="0;url=([^"]*)"/.exec(page)?.[1]?.replaceAll('&amp;', '&') ?? null;

/** An organization whose people sign in at the provider. */
async function companyOf(db: Db, more: object = {}): Promise<Company> {
  const tenant = await makeTenant(db);
  const replica = replicaOf(db, [idp.host]);
  const admin = await ownerOf(db, tenant.orgId);
  const made = await replica.call(admin, 'POST /api/v1/sso/connections', {
    body: {
      name: 'idp',
      issuer: idp.issuer,
      client_id: 'sagewai',
      client_secret: SECRET,
      scopes: ['openid', 'email', 'profile', 'groups'],
      email_domains: ['acme.example'],
      group_roles: [
        { group: 'dev', role: 'developer', project: 'default' },
        { group: 'ops', role: 'operator' },
      ],
      ...more,
    },
  });
  const id = String(made.body['id']);
  await idp.control({
    clients: [
      {
        client_id: 'sagewai',
        client_secret: SECRET,
        redirect_uris: [`${PUBLIC_URL}/auth/oidc/${id}/callback`],
      },
    ],
  });
  const visit = async (url: URL, cookie: string): Promise<Visited> => {
    const answer = await replica.app.inject({
      method: 'GET',
      url: url.pathname + url.search,
      headers: { host: url.host, ...(cookie === '' ? {} : { cookie }) },
    });
    const setCookies = answer.headers['set-cookie'] ?? [];
    return {
      status: answer.statusCode,
      location: answer.headers.location ?? refreshOf(answer.body),
      setCookies: Array.isArray(setCookies) ? setCookies : [setCookies],
      text: answer.body,
    };
  };
  return {
    tenant,
    replica,
    id,
    admin,
    change: (body) => replica.call(admin, 'PATCH /api/v1/sso/connections/idp', { body }),
    browser: () => new Browser((origin) => (origin === PUBLIC_URL ? visit : null)),
    start: (query = '') => new URL(`${PUBLIC_URL}/auth/oidc/${id}/start${query}`),
  };
}

const ada = {
  sub: 'ada',
  email: 'Ada@acme.example',
  email_verified: true,
  name: 'Ada L',
  groups: ['dev', 'other'],
};
const isDone = ({ origin, pathname }: URL): boolean =>
  origin === PUBLIC_URL && !pathname.startsWith('/auth/');

const rolesOf = async (owner: Db, { tenant }: Company): Promise<string[]> => {
  const { rows } = await sql<{ role: string }>`
    select r.role || case when r.project_id is null then '' else '@project' end || ' ' ||
      case when r.created_by like 'sso:%' then 'sso' else 'hand' end as role
    from role_assignment r where r.org_id = ${tenant.orgId} and r.role <> 'owner' order by 1
  `.execute(owner);
  return rows.map(({ role }) => role);
};
const accountsOf = async (owner: Db, { tenant }: Company): Promise<object[]> =>
  (
    await sql<object>`
      select id, email, name, source, active, last_login_at is not null as "hasSignedIn"
      from account where org_id = ${tenant.orgId} and email not like '%@owners.test' order by id
    `.execute(owner)
  ).rows;

/** What the server says of whoever shows this session. */
const whoIs = ({ replica }: Company, session: string) =>
  replica.call(session, 'GET /api/v1/whoami');

describe('a sign-in', () => {
  test('makes the account and its roles, which follow the groups (O1, O2)', async ({
    db,
    owner,
  }) => {
    const company = await companyOf(db);
    await idp.control({ account: ada });
    const browser = company.browser();
    const back = await browser.follow(company.start('?return_to=/runs%3Fa=1'), isDone);
    expect(back.location).toBe(`${PUBLIC_URL}/runs?a=1`);
    const session = browser.cookie('sagewai.example', '__Host-sagewai_session') ?? '';
    expect(await whoIs(company, session)).toMatchObject({
      status: 200,
      body: { kind: 'account', name: 'Ada L' },
    });
    const [account] = await accountsOf(owner, company);
    expect(account).toMatchObject({
      email: 'ada@acme.example',
      name: 'Ada L',
      source: 'oidc',
      hasSignedIn: true,
    });
    expect(await rolesOf(owner, company)).toEqual(['developer@project sso']);

    // A role that was given by hand stays, whatever the groups say.
    await inTenant(db, [company.tenant.orgId], (tx) =>
      sql`insert into role_assignment (id, org_id, subject_kind, subject_id, role, created_by)
          values (${newId()}, ${company.tenant.orgId}, 'account', ${(account as { id: string }).id},
                  'auditor', 'token:1')`.execute(tx),
    );
    await idp.control({ account: { ...ada, groups: ['ops'], name: 'Ada Lovelace' } });
    await company.browser().follow(company.start(), isDone);
    expect(await rolesOf(owner, company)).toEqual(['auditor hand', 'operator sso']);
    expect(await accountsOf(owner, company)).toMatchObject([{ name: 'Ada Lovelace' }]);

    const audit = await company.replica.call(company.admin, 'GET /api/v1/audit?limit=50');
    expect(audit.text).toContain('sso.finishSignIn');
    expect(audit.text).toContain('provisioned');
    // Neither the secret of the client nor what was sent under way is anywhere.
    const everything = await everythingIn(owner);
    for (const text of [audit.text, everything]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toMatch(/eyJ[\w-]+\.[\w-]+\.[\w-]+/);
    }
  });

  test('is of the subject, whatever its address becomes (O1)', async ({ db, owner }) => {
    const company = await companyOf(db);
    await idp.control({ account: ada });
    await company.browser().follow(company.start(), isDone);
    await idp.control({
      account: { ...ada, email: 'evil@elsewhere.example', email_verified: false },
    });
    await company.browser().follow(company.start(), isDone);
    expect(await accountsOf(owner, company)).toMatchObject([{ email: 'ada@acme.example' }]);
    await idp.control({ account: { ...ada, email: 'ada.new@acme.example' } });
    await company.browser().follow(company.start(), isDone);
    expect(await accountsOf(owner, company)).toMatchObject([{ email: 'ada.new@acme.example' }]);
  });

  test('joins a known account by a verified address of an allowed domain alone (O1)', async ({
    db,
    owner,
  }) => {
    const company = await companyOf(db, { provisioning: 'known_accounts' });
    const { orgId } = company.tenant;
    const refusalOf = async (account: object): Promise<string> => {
      await idp.control({ account });
      const answer = await company.browser().follow(company.start(), isDone);
      expect(answer.status).toBe(403);
      return answer.text;
    };
    expect(await refusalOf(ada)).toContain('no account of this address');
    await inTenant(db, [orgId], (tx) =>
      sql`insert into account (id, org_id, email, name, source)
          values (${newId()}, ${orgId}, 'ada@acme.example', 'Ada', 'local')`.execute(tx),
    );
    expect(await refusalOf({ ...ada, email_verified: false })).toContain('not verified');
    expect(await refusalOf({ ...ada, email: 'ada@other.example' })).toContain('domain');
    expect(await accountsOf(owner, company)).toMatchObject([{ hasSignedIn: false }]);
    await idp.control({ account: ada });
    await company.browser().follow(company.start(), isDone);
    // It is joined: its name is its own, as it was made here.
    expect(await accountsOf(owner, company)).toMatchObject([{ name: 'Ada', hasSignedIn: true }]);
    // Somebody else with the same address is not let into it.
    expect(await refusalOf({ ...ada, sub: 'eve' })).toContain('somebody else');
    await sql`
      update account set active = false, deactivated_at = app_now()
      where org_id = ${orgId} and email = 'ada@acme.example'
    `.execute(owner);
    expect(await refusalOf(ada)).toContain('deactivated');
  });

  test('finds the account that SCIM keeps by the id that both send (O1)', async ({ db, owner }) => {
    const company = await companyOf(db, { claims: { external_id: 'sub' } });
    const scim = await tokenOf(db, company.tenant.orgId, ['scim']);
    const made = await company.replica.call(scim, 'POST /scim/v2/Users', {
      body: { userName: 'ada.from.scim@acme.example', externalId: 'ada' },
    });
    expect(made.status).toBe(201);
    await idp.control({ account: { ...ada, email_verified: false } });
    await company.browser().follow(company.start(), isDone);
    expect(await accountsOf(owner, company)).toMatchObject([
      { id: made.body['id'], email: 'ada.from.scim@acme.example', hasSignedIn: true },
    ]);
    // What SCIM deletes does not come back by signing in.
    await company.replica.call(scim, `DELETE /scim/v2/Users/${String(made.body['id'])}`);
    const again = await company.browser().follow(company.start(), isDone);
    expect(again.status).toBe(403);
    expect(await rolesOf(owner, company)).toEqual([]);
  });

  test('is ended by the browser that began it, once, in time (O4)', async ({ db, owner }) => {
    const company = await companyOf(db);
    await idp.control({ account: ada });
    const isCallback = ({ pathname }: URL): boolean => pathname.endsWith('/callback');
    const mine = company.browser();
    const at = new URL((await mine.follow(company.start(), isCallback)).location ?? '');
    // A stranger's browser cannot end it, and the attempt does not spend it.
    expect((await company.browser().visit(at)).status).toBe(403);
    // O7: a page, since a redirect would lose the strict cookie on its way from another site.
    expect((await mine.visit(at)).status).toBe(200);
    expect((await mine.visit(at)).status).toBe(403);

    const late = new URL((await mine.follow(company.start(), isCallback)).location ?? '');
    await sql`update oidc_login set expires_at = app_now() where org_id = ${company.tenant.orgId}`.execute(
      owner,
    );
    expect((await mine.visit(late)).status).toBe(403);

    // A provider that answers for another connection is not believed.
    const other = await companyOf(db);
    const forged = new URL(`${PUBLIC_URL}/auth/oidc/${other.id}/callback${at.search}`);
    expect((await mine.visit(forged)).status).toBe(403);
  });

  test('is not begun where nothing is connected, or the connection is off', async ({ db }) => {
    const company = await companyOf(db);
    const { call } = company.replica;
    expect((await call(null, `GET /auth/oidc/${newId()}/start`)).status).toBe(404);
    await company.change({ enabled: false });
    expect((await call(null, `GET /auth/oidc/${company.id}/start`)).status).toBe(404);
    await company.change({ enabled: true });
    expect((await call(null, `GET /auth/oidc/${company.id}/start?cli_port=5000`)).status).toBe(400);
    const begun = await call(null, `GET /auth/oidc/${company.id}/start`);
    expect(begun.status).toBe(302);
    expect(begun.headers['set-cookie']).toMatch(
      /^__Host-sagewai_oidc=[\w-]{43}; Path=\/; HttpOnly; Secure; SameSite=Lax; Max-Age=600$/,
    );
    const url = new URL(String(begun.headers['location']));
    expect(Object.fromEntries(url.searchParams)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      redirect_uri: `${PUBLIC_URL}/auth/oidc/${company.id}/callback`,
    });
    expect(url.searchParams.get('nonce')).toMatch(/^[\w-]{43}$/);
  });

  test('is over within a second when SCIM deactivates the account, and by signing out (S1)', async ({
    db,
  }) => {
    const company = await companyOf(db, { claims: { external_id: 'sub' } });
    const scim = await tokenOf(db, company.tenant.orgId, ['scim']);
    const { call } = company.replica;
    const made = await call(scim, 'POST /scim/v2/Users', {
      body: { userName: 'ada@acme.example', externalId: 'ada' },
    });
    const path = `/scim/v2/Users/${String(made.body['id'])}`;
    await idp.control({ account: ada });
    const signIn = async (): Promise<string> => {
      const browser = company.browser();
      await browser.follow(company.start(), isDone);
      return browser.cookie('sagewai.example', '__Host-sagewai_session') ?? '';
    };
    const session = await signIn();
    expect((await whoIs(company, session)).status).toBe(200);
    const accountId = String(made.body['id']) as AccountId;
    const token = await tokenOf(db, company.tenant.orgId, ['read'], accountId);
    expect((await whoIs(company, token)).status).toBe(200);
    const set = (active: boolean) =>
      call(scim, `PATCH ${path}`, {
        body: { Operations: [{ op: 'replace', path: 'active', value: active }] },
      });
    expect((await set(false)).status).toBe(200);
    // Another replica has nothing to remember, and the account is not active.
    const elsewhere = replicaOf(db, [idp.host]);
    expect((await elsewhere.call(session, 'GET /api/v1/whoami')).status).toBe(401);
    expect((await elsewhere.call(token, 'GET /api/v1/whoami')).status).toBe(401);
    // The replica that has just seen both forgets them within a second.
    await expect
      .poll(async () => (await whoIs(company, session)).status, { timeout: 1_000, interval: 50 })
      .toBe(401);
    await expect
      .poll(async () => (await whoIs(company, token)).status, { timeout: 1_000, interval: 50 })
      .toBe(401);
    expect((await set(true)).status).toBe(200);
    // What was ended stays ended.
    expect((await elsewhere.call(session, 'GET /api/v1/whoami')).status).toBe(401);
    expect((await elsewhere.call(token, 'GET /api/v1/whoami')).status).toBe(401);

    const again = await signIn();
    const out = await call(again, 'POST /api/v1/sso/sign-out');
    expect(out.status).toBe(200);
    const url = new URL(String(out.body['redirect_to']));
    expect(url.origin).toBe(idp.issuer);
    expect(url.searchParams.get('id_token_hint')).toMatch(/^eyJ/);
    expect((await elsewhere.call(again, 'GET /api/v1/whoami')).status).toBe(401);
  });

  test('at the provider is the only one where it is enforced, but for owners (O5)', async ({
    db,
  }) => {
    const company = await companyOf(db);
    const { orgId } = company.tenant;
    const accounts = { owner: newId<AccountId>(), other: newId<AccountId>() };
    await inTenant(db, [orgId], async (tx) => {
      for (const [name, id] of Object.entries(accounts)) {
        await sql`insert into account (id, org_id, email, name, source)
          values (${id}, ${orgId}, ${`${name}@acme.example`}, ${name}, 'local')`.execute(tx);
      }
      await sql`insert into role_assignment (id, org_id, subject_kind, subject_id, role, created_by)
        values (${newId()}, ${orgId}, 'account', ${accounts.owner}, 'owner', 'token:1')`.execute(
        tx,
      );
    });
    const hash = await passwordKeeper.hash(PASSWORD);
    await inTenant(db, [orgId], async (tx) => {
      for (const accountId of Object.values(accounts)) {
        await setPassword(tx, { orgId, accountId, hash });
      }
    });
    const signIn = async (name: string): Promise<number> => {
      const body = { email: `${name}@acme.example`, password: PASSWORD, organization: orgId };
      return (await company.replica.call(null, 'POST /api/v1/sign-in', { body })).status;
    };
    expect([await signIn('owner'), await signIn('other')]).toEqual([200, 200]);
    await company.change({ enforced: true });
    expect([await signIn('owner'), await signIn('other')]).toEqual([200, 403]);
  });

  test('gives no ownership, and no role that is not there (O2)', async ({ db }) => {
    const company = await companyOf(db);
    const map = (role: string) =>
      company.change({ group_roles: [{ group: 'dev', role }] }) as Promise<{ status: number }>;
    expect((await map('owner')).status).toBe(400);
    expect((await map('nobody')).status).toBe(400);
    expect((await map('viewer')).status).toBe(200);
  });

  test('roles that a connection gave go with it', async ({ db, owner }) => {
    const company = await companyOf(db);
    await idp.control({ account: ada });
    await company.browser().follow(company.start(), isDone);
    expect(await rolesOf(owner, company)).toHaveLength(1);
    await company.replica.call(company.admin, 'DELETE /api/v1/sso/connections/idp');
    expect(await rolesOf(owner, company)).toEqual([]);
    expect(await accountsOf(owner, company)).toHaveLength(1);
  });
});

describe('a command line', () => {
  const verifier = 'v'.repeat(43);
  const challenge = createHash('sha256').update(verifier).digest('base64url');
  const query = `?cli_port=5000&cli_challenge=${challenge}`;
  const atPort = ({ host }: URL): boolean => host === '127.0.0.1:5000';

  test('gets a session for its code and verifier, once (O4)', async ({ db }) => {
    const company = await companyOf(db);
    await idp.control({ account: ada });
    const codeOf = async (): Promise<string> => {
      const back = await company.browser().follow(company.start(query), atPort);
      return new URL(back.location ?? '').searchParams.get('code') ?? '';
    };
    const exchange = (code: string, proof: string) =>
      company.replica.call(null, 'POST /api/v1/sso/exchange', { body: { code, verifier: proof } });
    const code = await codeOf();
    const session = await exchange(code, verifier);
    expect(session).toMatchObject({ status: 200, body: { email: 'ada@acme.example' } });
    expect(await whoIs(company, String(session.body['token']))).toMatchObject({ status: 200 });
    expect((await exchange(code, verifier)).status).toBe(401);
    const stolen = await codeOf();
    expect((await exchange(stolen, 'w'.repeat(43))).status).toBe(401);
    expect((await exchange(stolen, verifier)).status).toBe(401);
  });

  test('is told why nobody was signed in', async ({ db }) => {
    const company = await companyOf(db);
    await idp.control({ account: { ...ada, email: 'ada@other.example' } });
    const back = await company.browser().follow(company.start(query), atPort);
    expect(new URL(back.location ?? '').searchParams.get('error')).toContain('domain');
  });
});
