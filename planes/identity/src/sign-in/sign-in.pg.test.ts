import { createHmac, createSecretKey } from 'node:crypto';

import { deriveKey, sealingKey } from '@sagewai/crypto';
import { type App, createApp, createAuthenticator } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant, sql } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest, makeTenant, type Tenant } from '@sagewai/testing';
import { createAuditor, createEmails, type Letters, trustRoutes } from '@sagewai/trust';
import type { AccountId } from '@sagewai/wire';
import { describe, expect } from 'vitest';

import { setActive } from '../accounts/accounts.sql.ts';
import { createPasswordKeeper } from '../accounts/password-keeper.ts';
import { makeAccount } from '../invitations/make-account.ts';
import { ensureSetupToken } from '../invitations/setup-token.ts';
import { SoftwareAuthenticator } from '../passkeys/software-authenticator-fixture.ts';
import { giveToken } from '../roles/give-token-fixture.ts';
import { identityRoutes } from '../routes.ts';
import { createTokenReader } from '../token-reader.ts';
import { createSignIn } from './create-sign-in.ts';
import { startMailServer } from './mail-server-fixture.ts';
import type { SignInSettings } from './sign-in.ts';

/** RFC 4648, as an app reads the secret. */
function fromBase32(text: string): Buffer {
  const bits = Array.from(text, (letter) =>
    'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0'),
  );
  return Buffer.from((bits.join('').match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2)));
}

/** The code of an app, computed apart from the server's own. */
function totpCode(secret: Buffer, step: number): string {
  const counter = Buffer.alloc(8);
  counter.writeUInt32BE(step, 4);
  const mac = createHmac('sha1', secret).update(counter).digest();
  const at = mac.readUInt8(19) & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const signing = createSecretKey(Buffer.alloc(32, 3));
const PASSWORD = 'correct horse battery staple';
const ORIGIN = 'http://localhost:80';
const SETTINGS: SignInSettings = {
  publicUrl: null,
  sessions: { idleMs: 3_600_000, lifetimeMs: 86_400_000, freshMs: 900_000 },
  throttle: { perAccount: 5, perAddress: 40, windowMs: 900_000 },
  passwordCost: { memoryKib: 64, passes: 1 },
  invitationMs: 3_600_000,
  passwordResetMs: 3_600_000,
};

class TestClock {
  nowMs = Date.now();
  monotonic = 0;
  readonly now = (): Date => new Date(this.nowMs);
  readonly monotonicMs = (): number => this.monotonic;
}

interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- answers of many shapes
  readonly body: any;
  readonly headers: Readonly<Record<string, unknown>>;
}
interface Replica {
  readonly clock: TestClock;
  readonly call: (target: string, more?: Call) => Promise<Answer>;
}
interface Call {
  readonly session?: string | null;
  readonly headers?: Record<string, string>;
  readonly body?: object;
  readonly from?: string;
}

function replicaOf(
  db: Db,
  settings: SignInSettings = SETTINGS,
  letters: Letters | null = null,
): Replica {
  const clock = new TestClock();
  const metrics = createMetrics();
  const tokens = createTokenReader({ db, clock, metrics, sendsMail: false });
  const signIn = createSignIn({
    db,
    clock,
    metrics,
    tokens,
    letters,
    settings,
    signing,
    totpKeys: [sealingKey(signing, 'account-totp')],
  });
  const app: App = createApp({
    routes: [...identityRoutes({ db, tokens }), ...signIn.routes, ...trustRoutes({ db })],
    authenticate: createAuthenticator([signIn.sessions, tokens]),
    auditor: createAuditor({ db }),
    db,
    clock,
    log: silentLog,
    metrics,
    settings: { trustedProxies: ['127.0.0.1'] },
  });
  return {
    clock,
    call: async (target, { session, headers, body, from = '192.0.2.1' } = {}) => {
      const [method, url = ''] = target.split(' ');
      const response = await app.inject({
        method: method as 'GET',
        url,
        headers: {
          'x-forwarded-for': from,
          ...(session ? { authorization: `Bearer ${session}` } : {}),
          ...headers,
        },
        ...(body ? { payload: body } : {}),
      });
      const text = response.payload;
      return {
        status: response.statusCode,
        body: text === '' ? null : JSON.parse(text),
        headers: response.headers,
      };
    },
  };
}

interface Fixtures {
  readonly here: Replica;
  readonly there: Replica;
}
const test = fileDatabaseTest.extend<Fixtures>({
  here: async ({ db }, use) => use(replicaOf(db)),
  there: async ({ db }, use) => use(replicaOf(db)),
});

let acme: Tenant;
let count = 0;
const keeper = createPasswordKeeper({
  cost: SETTINGS.passwordCost,
  pepper: deriveKey(signing, 'password-pepper'),
});

test.beforeEach(async ({ db }) => {
  acme = await makeTenant(db);
});

interface Person {
  readonly id: string;
  readonly email: string;
}
async function person(db: Db, role = 'owner', name = 'Anna'): Promise<Person> {
  count += 1;
  const email = `anna${count}@acme.test`;
  const hash = await keeper.hash(PASSWORD);
  const { orgId } = acme;
  const made = await inTenant(db, [orgId], (tx) =>
    makeAccount(tx, { orgId, email, name, hash, role, projectId: null, by: 'test' }),
  );
  return { id: made.id, email };
}

const credentials = ({ email }: { readonly email: string }, password = PASSWORD) => ({
  email,
  password,
  organization: acme.orgName,
  deliver: 'body',
});
async function signIn(replica: Replica, who: Person, password = PASSWORD): Promise<string> {
  const answer = await replica.call('POST /api/v1/sign-in', { body: credentials(who, password) });
  expect(answer).toMatchObject({ status: 200 });
  return String(answer.body.session);
}
const status = async (replica: Replica, session: string, target = 'GET /api/v1/account') =>
  (await replica.call(target, { session })).status;
/** After what a replica may remember. */
const wait = (replica: Replica): void => {
  replica.clock.monotonic += 600;
};

describe('signing in with a password', () => {
  test('opens a session that tells who it is, and is in the log', async ({ db, here }) => {
    const anna = await person(db);
    const session = await signIn(here, anna);
    expect(session).toMatch(/^ses-[\w-]{43}$/);
    const own = await here.call('GET /api/v1/account', { session });
    expect(own.body).toMatchObject({
      id: anna.id,
      email: anna.email,
      has_totp: false,
      passkeys: [],
    });
    expect(own.body.last_login_at).not.toBeNull();
    const audit = await here.call('GET /api/v1/audit?limit=1', { session });
    expect(audit.body.entries[0]).toMatchObject({
      actor: `account:${anna.id}`,
      action: 'identity.signIn',
      outcome: 'ok',
      details: JSON.stringify({ method: 'password', address: '192.0.2.1' }),
    });
  });

  test('answers alike whatever was wrong, and each is in the log (A3)', async ({ db, here }) => {
    const anna = await person(db);
    const out = await person(db);
    await inTenant(db, [acme.orgId], (tx) =>
      setActive(tx, { orgId: acme.orgId, id: out.id as AccountId, active: false }),
    );
    const answers = [
      await here.call('POST /api/v1/sign-in', { body: credentials(anna, 'not the right one') }),
      await here.call('POST /api/v1/sign-in', { body: credentials({ email: 'no@acme.test' }) }),
      await here.call('POST /api/v1/sign-in', { body: credentials(out) }),
      await here.call('POST /api/v1/sign-in', {
        body: { ...credentials(anna), organization: 'nobody' },
      }),
    ];
    for (const answer of answers) {
      expect(answer).toMatchObject({
        status: 401,
        body: { code: 'caller.unknown', detail: 'The e-mail address or the password is wrong.' },
      });
    }
    const session = await signIn(here, anna);
    const audit = await here.call('GET /api/v1/audit?limit=4', { session });
    const failed = audit.body.entries.filter(
      ({ action }: { action: string }) => action === 'identity.signInFailed',
    );
    expect(failed.map(({ subject }: { subject: string }) => subject).toSorted()).toEqual(
      [`account:${anna.id}`, `account:${out.id}`, 'account:unknown'].toSorted(),
    );
  });

  test('is not tried more than it may be, on all replicas together (A3)', async ({
    db,
    here,
    there,
  }) => {
    const anna = await person(db);
    for (const who of [anna, { id: '', email: 'nobody@acme.test' }]) {
      const tries = Array.from({ length: 8 }, (_, index) =>
        (index % 2 === 0 ? here : there).call('POST /api/v1/sign-in', {
          body: credentials(who, 'not the right one'),
          from: `192.0.2.${index}`,
        }),
      );
      const codes = (await Promise.all(tries))
        .map((answer) => answer.status)
        .toSorted((a, b) => a - b);
      expect(codes).toEqual([401, 401, 401, 401, 401, 429, 429, 429]);
      const right = await here.call('POST /api/v1/sign-in', { body: credentials(who) });
      expect(right).toMatchObject({ status: 429, body: { code: 'rate.exceeded' } });
      expect(Number(right.headers['retry-after'])).toBeGreaterThan(800);
    }
  });

  test('is not tried at many accounts from one address (A3)', async ({ db }) => {
    const strict = replicaOf(db, {
      ...SETTINGS,
      throttle: { ...SETTINGS.throttle, perAddress: 2 },
    });
    const codes: number[] = [];
    for (const name of ['a', 'b', 'c']) {
      const body = credentials({ email: `${name}@acme.test` });
      const answer = await strict.call('POST /api/v1/sign-in', { body, from: '198.51.100.7' });
      codes.push(answer.status);
    }
    expect(codes).toEqual([401, 401, 429]);
  });

  test('is not tried at organizations that there are not, nor with passkeys, from one address (A3)', async ({
    db,
  }) => {
    const strict = replicaOf(db, {
      ...SETTINGS,
      throttle: { ...SETTINGS.throttle, perAddress: 2 },
    });
    const nowhere = { ...credentials({ email: 'a@acme.test' }), organization: 'nowhere' };
    const typed: number[] = [];
    const shown: number[] = [];
    for (let tried = 0; tried < 3; tried += 1) {
      const from = '198.51.100.8';
      typed.push((await strict.call('POST /api/v1/sign-in', { body: nowhere, from })).status);
      const { body } = await strict.call('POST /api/v1/sign-in/passkey/options', {
        body: { organization: acme.orgId },
        from,
      });
      const response = { clientDataJSON: 'x', authenticatorData: 'x', signature: 'x' };
      const credential = { id: 'x', response };
      const proof = { challenge: body.challenge, credential };
      shown.push((await strict.call('POST /api/v1/sign-in/passkey', { body: proof, from })).status);
    }
    expect({ typed, shown }).toEqual({ typed: [401, 401, 429], shown: [401, 401, 429] });
  });

  test('starts to count anew once it was right', async ({ db, here }) => {
    const anna = await person(db);
    for (let round = 0; round < 3; round += 1) {
      for (let wrong = 0; wrong < 3; wrong += 1) {
        await here.call('POST /api/v1/sign-in', { body: credentials(anna, 'not the right one') });
      }
      await signIn(here, anna);
    }
  });

  test('makes the hash anew when it costs more by now (A2)', async ({ db, here, owner }) => {
    const anna = await person(db);
    const dearer = replicaOf(db, { ...SETTINGS, passwordCost: { memoryKib: 128, passes: 2 } });
    await signIn(dearer, anna);
    const { rows } = await sql<{ hash: string }>`
      select hash from account_password where account_id = ${anna.id}
    `.execute(owner);
    expect(rows[0]?.hash).toContain('m=128,t=2,p=1');
    await signIn(here, anna);
  });
});

describe('a session', () => {
  test('comes as a cookie that no script reads, and acts only from our own pages (A9)', async ({
    db,
    here,
  }) => {
    const anna = await person(db);
    const { deliver: _, ...body } = credentials(anna);
    const answer = await here.call('POST /api/v1/sign-in', { body });
    expect(answer.body.session).toBeNull();
    const [cookie = ''] = String(answer.headers['set-cookie']).split(';');
    expect(answer.headers['set-cookie']).toMatch(/HttpOnly; SameSite=Strict$/);
    expect((await here.call('GET /api/v1/account', { headers: { cookie } })).status).toBe(200);
    const end = 'POST /api/v1/sign-out';
    for (const headers of [
      { cookie },
      { cookie, origin: ORIGIN },
      { cookie, origin: 'http://evil.test', 'x-sagewai-csrf': '1' },
    ]) {
      expect(await here.call(end, { headers })).toMatchObject({
        status: 403,
        body: { code: 'caller.forged' },
      });
    }
    const own = { cookie, origin: ORIGIN, 'x-sagewai-csrf': '1', host: 'localhost:80' };
    const ended = await here.call(end, { headers: own });
    expect(ended.status).toBe(200);
    expect(ended.headers['set-cookie']).toContain('Max-Age=0');
    expect((await here.call('GET /api/v1/account', { headers: { cookie } })).status).toBe(401);
    // Whose session is over can still sign in.
    const again = await here.call('POST /api/v1/sign-in', { body, headers: { cookie } });
    expect(again.status).toBe(200);
  });

  test('is locked to the host where the server is reached by HTTPS', async ({ db }) => {
    const anna = await person(db);
    const secure = replicaOf(db, { ...SETTINGS, publicUrl: 'https://sagewai.test' });
    const { deliver: _, ...body } = credentials(anna);
    const answer = await secure.call('POST /api/v1/sign-in', { body });
    expect(answer.headers['set-cookie']).toMatch(/^__Host-sagewai_session=ses-.*; Secure;/);
  });

  test('that is ended is over on every replica within a second (A1)', async ({
    db,
    here,
    there,
  }) => {
    const anna = await person(db);
    const one = await signIn(here, anna);
    const two = await signIn(here, anna);
    expect(await status(there, two)).toBe(200);
    const listed = await here.call('GET /api/v1/account/sessions', { session: one });
    const other = listed.body.sessions.find(
      ({ is_current }: { is_current: boolean }) => !is_current,
    );
    const target = `POST /api/v1/account/sessions/${other.id}/end`;
    expect((await here.call(target, { session: one })).body).toEqual({ ended: 1 });
    expect(await status(here, two)).toBe(401);
    wait(there);
    expect(await status(there, two)).toBe(401);
    expect(await status(there, one)).toBe(200);
  });

  test('of somebody else is nothing that one may end', async ({ db, here }) => {
    const anna = await person(db);
    const berta = await person(db, 'developer');
    await signIn(here, anna);
    const session = await signIn(here, berta);
    const annas = await here.call('GET /api/v1/account/sessions', {
      session: await signIn(here, anna),
    });
    const target = `POST /api/v1/account/sessions/${annas.body.sessions[0].id}/end`;
    expect((await here.call(target, { session })).status).toBe(404);
    const all = `POST /api/v1/accounts/${anna.id}/sessions/end`;
    expect((await here.call(all, { session })).status).toBe(403);
  });

  test('ends when it is unused for too long, and when it is too old (A1)', async ({
    db,
    here,
    owner,
  }) => {
    const anna = await person(db);
    const idle = await signIn(here, anna);
    await sql`update login_session set last_seen_at = app_now() - interval '61 minutes'`.execute(
      owner,
    );
    const old = await signIn(here, anna);
    expect(await status(here, idle)).toBe(401);
    expect(await status(here, old)).toBe(200);
    await sql`
      update login_session set created_at = app_now() - interval '2 days',
        expires_at = app_now() - interval '1 second' where last_seen_at > app_now() - interval '1 minute'
    `.execute(owner);
    wait(here);
    expect(await status(here, old)).toBe(401);
  });

  test('and the tokens of an account that is shut out are over everywhere (A1)', async ({
    db,
    here,
    there,
  }) => {
    const anna = await person(db);
    const berta = await person(db, 'admin');
    const annas = await signIn(here, anna);
    const bertas = await signIn(here, berta);
    const made = await here.call('POST /api/v1/tokens', {
      session: bertas,
      body: { name: 'ci', scopes: ['read'] },
    });
    expect(made.status).toBe(201);
    const token = String(made.body.token);
    expect(await status(there, bertas)).toBe(200);
    expect(await status(there, token, 'GET /api/v1/whoami')).toBe(200);
    const guest = await here.call('POST /api/v1/invitations', {
      session: bertas,
      body: { email: 'guest-of-berta@acme.test', role: 'developer' },
    });
    expect(guest.status).toBe(201);
    const target = `PUT /api/v1/accounts/${berta.id}/active`;
    expect(
      (await here.call(target, { session: annas, body: { active: false } })).body,
    ).toMatchObject({
      active: false,
    });
    wait(here);
    wait(there);
    for (const replica of [here, there]) {
      expect(await status(replica, bertas)).toBe(401);
      expect(await status(replica, token, 'GET /api/v1/whoami')).toBe(401);
    }
    const late = { token: guest.body.token, name: 'Guest', password: PASSWORD };
    expect((await here.call('POST /api/v1/invitations/accept', { body: late })).status).toBe(401);
    await here.call(target, { session: annas, body: { active: true } });
    wait(here);
    expect(await status(here, bertas)).toBe(401);
    expect(await status(here, token, 'GET /api/v1/whoami')).toBe(401);
    const last = await here.call(`PUT /api/v1/accounts/${anna.id}/active`, {
      session: annas,
      body: { active: false },
    });
    expect(last).toMatchObject({ status: 409, body: { code: 'state.conflict' } });
  });
});

describe('a sensitive change (A8)', () => {
  test('asks for a proof of late, and a proof gives the session another value', async ({
    db,
    here,
    there,
    owner,
  }) => {
    const anna = await person(db);
    const session = await signIn(here, anna);
    expect(await status(there, session)).toBe(200);
    await sql`update login_session set authenticated_at = app_now() - interval '16 minutes'`.execute(
      owner,
    );
    wait(here);
    const change = { body: { password: 'quite another horse staple', deliver: 'body' } };
    const stale = await here.call('PUT /api/v1/account/password', { session, ...change });
    expect(stale).toMatchObject({ status: 403, body: { code: 'caller.stale' } });
    for (const [target, body] of [
      ['POST /api/v1/tokens', { name: 'mine', scopes: ['read'] }],
      ['POST /api/v1/role-assignments', { role: 'viewer', subject_kind: 'account', subject: 'x' }],
      ['POST /api/v1/service-accounts', { name: 'robot' }],
    ] as const) {
      const answer = await here.call(target, { session, body });
      expect(answer).toMatchObject({ status: 403, body: { code: 'caller.stale' } });
    }
    const again = 'POST /api/v1/account/reauthenticate';
    const wrong = await here.call(again, { session, body: { password: 'not the right one' } });
    expect(wrong.status).toBe(401);
    const proved = await here.call(again, {
      session,
      body: { password: PASSWORD, deliver: 'body' },
    });
    const fresh = String(proved.body.session);
    wait(there);
    expect(await status(there, session)).toBe(401);
    const changed = await there.call('PUT /api/v1/account/password', { session: fresh, ...change });
    expect(changed.status).toBe(200);
  });

  test('of the password ends all other sessions, and the former password is good no longer', async ({
    db,
    here,
  }) => {
    const anna = await person(db);
    const other = await signIn(here, anna);
    const session = await signIn(here, anna);
    const password = 'quite another horse staple';
    const weak = await here.call('PUT /api/v1/account/password', {
      session,
      body: { password: 'password12345678' },
    });
    expect(weak).toMatchObject({ status: 400, body: { errors: [{ path: '/password' }] } });
    const changed = await here.call('PUT /api/v1/account/password', {
      session,
      body: { password, deliver: 'body' },
    });
    expect(await status(here, other)).toBe(401);
    expect(await status(here, session)).toBe(401);
    expect(await status(here, String(changed.body.session))).toBe(200);
    const former = await here.call('POST /api/v1/sign-in', { body: credentials(anna) });
    expect(former.status).toBe(401);
    await signIn(here, anna, password);
  });
});

describe('an authenticator app', () => {
  async function withApp(db: Db, replica: Replica) {
    const anna = await person(db);
    const session = await signIn(replica, anna);
    const { body } = await replica.call('POST /api/v1/account/totp', { session });
    const secret = fromBase32(String(body.secret));
    const code = (steps = 0) => totpCode(secret, Math.floor(replica.clock.nowMs / 30_000) + steps);
    const wrong = await replica.call('POST /api/v1/account/totp/confirm', {
      session,
      body: { code: code() === '000000' ? '000001' : '000000' },
    });
    expect(wrong.status).toBe(409);
    const on = await replica.call('POST /api/v1/account/totp/confirm', {
      session,
      body: { code: code() },
    });
    expect(on.status).toBe(200);
    replica.clock.nowMs += 60_000;
    return { anna, session, code, codes: on.body.recovery_codes as string[], secret };
  }
  const begin = async (replica: Replica, who: Person): Promise<string> => {
    const answer = await replica.call('POST /api/v1/sign-in', { body: credentials(who) });
    expect(answer.body).toMatchObject({
      kind: 'second_factor',
      factors: ['totp', 'recovery_code'],
    });
    return String(answer.body.challenge);
  };
  const finish = (replica: Replica, challenge: string, code: string) =>
    replica.call('POST /api/v1/sign-in/totp', { body: { challenge, code, deliver: 'body' } });

  test('is asked for a code, which is good once (A4)', async ({ db, here, there }) => {
    const { anna, code } = await withApp(db, here);
    there.clock.nowMs = here.clock.nowMs;
    const [one, two] = [await begin(here, anna), await begin(there, anna)];
    const given = code();
    const both = await Promise.all([finish(here, one, given), finish(there, two, given)]);
    expect(both.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([200, 401]);
    const session = String(both.find((answer) => answer.status === 200)?.body.session);
    const sessions = await here.call('GET /api/v1/account/sessions', { session });
    expect(sessions.body.sessions[0]).toMatchObject({ method: 'password+totp' });
  });

  test('is asked once for a challenge (A5)', async ({ db, here }) => {
    const { anna, code } = await withApp(db, here);
    const challenge = await begin(here, anna);
    expect((await finish(here, challenge, code())).status).toBe(200);
    expect((await finish(here, challenge, code(1))).status).toBe(401);
    expect((await finish(here, await begin(here, anna), code(1))).status).toBe(200);
  });

  test('is stood in for by each recovery code once (A4)', async ({ db, here }) => {
    const { anna, session, codes } = await withApp(db, here);
    expect(codes).toHaveLength(10);
    const [code = ''] = codes;
    expect((await finish(here, await begin(here, anna), code.toLowerCase())).status).toBe(200);
    expect((await finish(here, await begin(here, anna), code)).status).toBe(401);
    const own = await here.call('GET /api/v1/account', { session });
    expect(own.body).toMatchObject({ has_totp: true, recovery_codes_left: 9 });
    const renewed = await here.call('POST /api/v1/account/recovery-codes', { session });
    expect((await finish(here, await begin(here, anna), codes[1] ?? '')).status).toBe(401);
    const [other = ''] = renewed.body.recovery_codes as string[];
    expect((await finish(here, await begin(here, anna), other)).status).toBe(200);
  });

  test('is not guessed at (A3)', async ({ db, here }) => {
    const { anna, code } = await withApp(db, here);
    const challenge = await begin(here, anna);
    const given = code();
    const wrong = given === '123456' ? '654321' : '123456';
    const codes: number[] = [];
    for (let round = 0; round < 6; round += 1) {
      codes.push((await finish(here, challenge, wrong)).status);
    }
    expect(codes).toEqual([401, 401, 401, 401, 401, 429]);
    expect((await finish(here, challenge, given)).status).toBe(429);
  });

  test('that was lost is removed by an administrator, who cannot see it', async ({ db, here }) => {
    const { anna, session } = await withApp(db, here);
    const admin = await person(db);
    const target = `POST /api/v1/accounts/${anna.id}/second-factors/remove`;
    expect((await here.call(target, { session: await signIn(here, admin) })).status).toBe(200);
    expect(await status(here, session)).toBe(401);
    await signIn(here, anna);
  });
});

describe('a passkey', () => {
  const site = { rpId: 'localhost', origin: ORIGIN };
  const headers = { host: 'localhost:80' };

  async function withPasskey(db: Db, replica: Replica) {
    const anna = await person(db);
    const session = await signIn(replica, anna);
    const options = await replica.call('POST /api/v1/account/passkeys/options', {
      session,
      headers,
    });
    expect(options.body.public_key).toMatchObject({ rp: { id: 'localhost' }, attestation: 'none' });
    const key = new SoftwareAuthenticator();
    const id = key.id.toString('base64url');
    const response = key.register(site, String(options.body.public_key.challenge));
    const body = {
      challenge: options.body.challenge,
      name: 'laptop',
      credential: { id, rawId: id, type: 'public-key', response },
    };
    const added = await replica.call('POST /api/v1/account/passkeys', { session, headers, body });
    expect(added.status).toBe(201);
    return { anna, session, key, id, body };
  }
  const options = async (replica: Replica) =>
    (
      await replica.call('POST /api/v1/sign-in/passkey/options', {
        headers,
        body: { organization: acme.orgName },
      })
    ).body;
  const finish = (replica: Replica, id: string, challenge: string, response: object) =>
    replica.call('POST /api/v1/sign-in/passkey', {
      headers,
      body: { challenge, deliver: 'body', credential: { id, type: 'public-key', response } },
    });

  test('signs in without a password, once for a challenge (A5)', async ({ db, here, there }) => {
    const { key, id, anna, body, session } = await withPasskey(db, here);
    const { challenge, public_key } = await options(there);
    const response = key.sign(site, String(public_key.challenge));
    const answer = await finish(here, id, challenge, response);
    expect(answer.body).toMatchObject({ kind: 'signed_in', account_id: anna.id });
    expect((await finish(there, id, challenge, response)).status).toBe(401);
    const replayed = await here.call('POST /api/v1/account/passkeys', { session, headers, body });
    expect(replayed.status).toBe(401);
  });

  test('is refused at another origin, and once it was removed', async ({ db, here }) => {
    const { key, id, session } = await withPasskey(db, here);
    const first = await options(here);
    const evil = { rpId: 'localhost', origin: 'http://localhost.evil.test' };
    const elsewhere = key.sign(evil, String(first.public_key.challenge));
    expect((await finish(here, id, first.challenge, elsewhere)).status).toBe(401);
    const own = await here.call('GET /api/v1/account', { session });
    const target = `DELETE /api/v1/account/passkeys/${own.body.passkeys[0].id}`;
    expect((await here.call(target, { session })).status).toBe(200);
    const second = await options(here);
    const response = key.sign(site, String(second.public_key.challenge));
    expect((await finish(here, id, second.challenge, response)).status).toBe(401);
  });

  test('is nothing in another organization', async ({ db, here }) => {
    const { key, id } = await withPasskey(db, here);
    acme = await makeTenant(db);
    for (const organization of [acme.orgName, 'nobody']) {
      const asked = await here.call('POST /api/v1/sign-in/passkey/options', {
        headers,
        body: { organization },
      });
      const response = key.sign(site, String(asked.body.public_key.challenge));
      expect(await finish(here, id, asked.body.challenge, response)).toMatchObject({
        status: 401,
        body: { detail: 'The passkey was not accepted.' },
      });
    }
  });
});

describe('an invitation', () => {
  const invite = async (replica: Replica, session: string, role = 'developer') => {
    count += 1;
    const email = `Guest${count}@acme.test`;
    return replica.call('POST /api/v1/invitations', { session, body: { email, role } });
  };
  const accept = (replica: Replica, token: string) =>
    replica.call('POST /api/v1/invitations/accept', {
      body: { token, name: 'Guest', password: PASSWORD },
    });

  test('goes by e-mail to its receiver alone, where the server sends any; and so does a link to set a password (A7)', async ({
    db,
  }) => {
    const received: string[] = [];
    const mailer = await startMailServer(received);
    const { letters } = createEmails({
      db,
      clock: new TestClock(),
      metrics: createMetrics(),
      mailer,
      nudge: () => undefined,
    });
    const publicUrl = `${ORIGIN}/below`;
    const posting = replicaOf(db, { ...SETTINGS, publicUrl }, letters);
    const session = await signIn(posting, await person(db));
    const email = `guest-by-mail-${(count += 1)}@acme.test`;
    const made = await posting.call('POST /api/v1/invitations', {
      session,
      body: { email, role: 'developer' },
    });
    expect(made).toMatchObject({ status: 201, body: { token: null, url: null, email } });
    expect(received[0]).toContain('http://localhost/below/invitation#link-');
    const token = /invitation#(link-[\w-]+)/.exec(received[0] ?? '')?.[1] ?? '';
    expect((await accept(posting, token)).status).toBe(201);

    const anna = await person(db, 'developer');
    const target = `POST /api/v1/accounts/${anna.id}/password-reset`;
    expect((await posting.call(target, { session })).body).toMatchObject({
      token: null,
      url: null,
    });
    expect(received[1]).toMatch(/To: .*acme\.test[\s\S]*password-reset#link-/);
    const shown = await posting.call(target, { session, body: { by_mail: false } });
    expect(shown.body.token).toMatch(/^link-/);
    expect(received).toHaveLength(2);
    // Nor where it is not told its address: the one that a request names is anybody's.
    for (const silent of [replicaOf(db), replicaOf(db, SETTINGS, letters)]) {
      const asked = { session, body: { email: `x${email}`, role: 'viewer', by_mail: true } };
      expect(await silent.call('POST /api/v1/invitations', asked)).toMatchObject({ status: 409 });
    }
    const unsure = replicaOf(db, SETTINGS, letters);
    const link = await unsure.call(target, { session });
    expect(link.body.url).toMatch(/^http:\/\/localhost:80\/password-reset#link-/);
    expect(received).toHaveLength(2);
  });

  test('makes an account with its role, once, of two who try at once (A7)', async ({
    db,
    here,
    there,
  }) => {
    const session = await signIn(here, await person(db));
    const made = await invite(here, session);
    expect(made.body).toMatchObject({ state: 'open', role: 'developer' });
    const token = String(made.body.token);
    expect(made.body.url).toBe(`http://localhost:80/invitation#${token}`);
    const both = await Promise.all([accept(here, token), accept(there, token)]);
    expect(both.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 401]);
    const email = String(made.body.email);
    const guest = await signIn(there, { id: '', email });
    expect(await status(there, guest, 'GET /api/v1/projects')).toBe(200);
    expect(await status(there, guest, 'GET /api/v1/tokens')).toBe(403);
    const listed = await here.call('GET /api/v1/invitations', { session });
    expect(listed.body.invitations[0]).toMatchObject({ state: 'accepted', email });
  });

  test('that is revoked or too old makes none (A7)', async ({ db, here, owner }) => {
    const session = await signIn(here, await person(db));
    const revoked = await invite(here, session);
    const target = `POST /api/v1/invitations/${revoked.body.id}/revoke`;
    expect((await here.call(target, { session })).body).toMatchObject({ state: 'revoked' });
    expect((await accept(here, String(revoked.body.token))).status).toBe(401);
    const old = await invite(here, session);
    await sql`update account_link set expires_at = app_now() - interval '1 second'`.execute(owner);
    expect((await accept(here, String(old.body.token))).status).toBe(401);
  });

  test('is not lost to a password that will not do', async ({ db, here }) => {
    const session = await signIn(here, await person(db));
    const { body } = await invite(here, session);
    const weak = await here.call('POST /api/v1/invitations/accept', {
      body: { token: body.token, name: 'Guest', password: 'short' },
    });
    expect(weak.status).toBe(400);
    expect((await accept(here, String(body.token))).status).toBe(201);
  });

  test('gives ownership only from an owner, and no role that is not there', async ({
    db,
    here,
  }) => {
    const session = await signIn(here, await person(db, 'admin'));
    expect((await invite(here, session, 'owner')).status).toBe(403);
    expect((await invite(here, session, 'emperor')).status).toBe(404);
    const developer = await signIn(here, await person(db, 'developer'));
    expect((await invite(here, developer, 'viewer')).status).toBe(403);
    const owners = await signIn(here, await person(db));
    expect((await invite(here, owners, 'owner')).status).toBe(201);
    const ofProject = { email: 'late@acme.test', role: 'owner', project: 'default' };
    const answer = await here.call('POST /api/v1/invitations', {
      session: owners,
      body: ofProject,
    });
    expect(answer).toMatchObject({ status: 400, body: { code: 'request.invalid' } });
  });
});

describe('a link to a new password', () => {
  test('works once, ends the sessions, and a newer one ends it (A7)', async ({ db, here }) => {
    const anna = await person(db, 'developer');
    const annas = await signIn(here, anna);
    const made = { orgId: acme.orgId, accountId: anna.id as AccountId, scopes: ['read'] as const };
    const token = await giveToken(db, made);
    const session = await signIn(here, await person(db, 'admin'));
    const target = `POST /api/v1/accounts/${anna.id}/password-reset`;
    const first = await here.call(target, { session });
    const second = await here.call(target, { session });
    const password = 'quite another horse staple';
    const use = (token: unknown) =>
      here.call('POST /api/v1/password-reset', { body: { token, password } });
    expect((await use(first.body.token)).status).toBe(401);
    expect((await use(second.body.token)).body).toEqual({ account_id: anna.id });
    expect((await use(second.body.token)).status).toBe(401);
    expect(await status(here, annas)).toBe(401);
    expect((await here.call('GET /api/v1/whoami', { session: token })).status).toBe(401);
    await signIn(here, anna, password);
  });
});

describe('an administrator and an owner', () => {
  test('neither sets the password of the other, takes factors off, nor ends sessions, who has less (I12)', async ({
    db,
    here,
  }) => {
    const owner = await person(db);
    const owners = await signIn(here, owner);
    const session = await signIn(here, await person(db, 'admin'));
    for (const target of [
      `POST /api/v1/accounts/${owner.id}/password-reset`,
      `POST /api/v1/accounts/${owner.id}/second-factors/remove`,
      `POST /api/v1/accounts/${owner.id}/sessions/end`,
    ]) {
      const answer = await here.call(target, { session });
      expect({ target, ...answer }).toMatchObject({
        target,
        status: 403,
        body: { code: 'caller.forbidden' },
      });
    }
    expect(await status(here, owners)).toBe(200);
  });
});

describe('the setup token', () => {
  test('makes one owner, once, also of two who try at once (A6)', async ({
    db,
    dispatch,
    owner,
    here,
    there,
  }) => {
    const token = await ensureSetupToken(dispatch, signing);
    expect(token).toMatch(/^setup-[\w-]{43}$/);
    expect(await ensureSetupToken(dispatch, signing)).toBeNull();
    const { rows } = await sql`select * from first_setup`.execute(owner);
    expect(JSON.stringify(rows)).not.toContain(String(token).slice(6));
    const body = (name: string, given = token) => ({
      body: {
        token: given,
        organization: acme.orgName,
        email: `${name}@acme.test`,
        name: 'First',
        password: PASSWORD,
      },
    });
    const wrong = await here.call('POST /api/v1/setup', body('first', `setup-${'a'.repeat(43)}`));
    expect(wrong.status).toBe(401);
    const both = await Promise.all([
      here.call('POST /api/v1/setup', body('first')),
      there.call('POST /api/v1/setup', body('second')),
    ]);
    expect(both.map((answer) => answer.status).toSorted((a, b) => a - b)).toEqual([201, 401]);
    const email = String(both.find((answer) => answer.status === 201)?.body.email);
    const session = await signIn(here, { id: '', email });
    expect(await status(here, session, 'GET /api/v1/accounts')).toBe(200);
    await expect(
      inTenant(db, [], (tx) =>
        sql`insert into first_setup (id) values (${acme.orgId})`.execute(tx),
      ),
    ).rejects.toThrow(/permission denied/);
  });
});

test('no password, secret, code, link or session is in any table (A2, A4, I2)', async ({
  db,
  here,
  owner,
}) => {
  const anna = await person(db);
  const session = await signIn(here, anna);
  const totp = await here.call('POST /api/v1/account/totp', { session });
  const reset = await here.call(`POST /api/v1/accounts/${anna.id}/password-reset`, { session });
  const secret = String(totp.body.secret);
  const planted = [
    PASSWORD,
    session.slice(4),
    String(reset.body.token).slice(5),
    secret,
    fromBase32(secret).toString('hex'),
    fromBase32(secret).toString('base64url'),
    Buffer.from(PASSWORD).toString('hex'),
    Buffer.from(session).toString('hex'),
  ];
  const { rows } = await sql<{ text: string }>`
    select query_to_xml(format('select * from %I', table_name), true, false, '')::text as text
    from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
  `.execute(owner);
  const dump = rows.map(({ text }) => text).join('\n');
  expect(dump).toContain(anna.email);
  const hexed = planted.map((each) => Buffer.from(each).toString('base64'));
  expect([...planted, ...hexed].filter((each) => dump.includes(each))).toEqual([]);
});
