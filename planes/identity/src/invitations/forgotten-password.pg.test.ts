import { createSecretKey } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { deriveKey, sealingKey } from '@sagewai/crypto';
import { createApp, createAuthenticator } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { fileDatabaseTest as test, makeTenant } from '@sagewai/testing';
import { createAuditor, createEmails } from '@sagewai/trust';
import { expect, onTestFinished } from 'vitest';

import { createPasswordKeeper } from '../accounts/password-keeper.ts';
import { createSignIn } from '../sign-in/create-sign-in.ts';
import { startMailServer } from '../sign-in/mail-server-fixture.ts';
import { createTokenReader } from '../token-reader.ts';
import { makeAccount } from './make-account.ts';

const signing = createSecretKey(Buffer.alloc(32, 3));
const COST = { memoryKib: 64, passes: 1 };
const PASSWORD = 'correct horse battery staple';

interface World {
  readonly received: readonly string[];
  readonly post: (
    path: string,
    body: object,
  ) => Promise<{ readonly status: number; readonly body: Record<string, unknown> }>;
  /** Of the organization, by its name. */
  readonly organization: string;
  readonly email: string;
}

/** An organization with one account, and a server that sends letters, unless it sends none. */
async function openWorld(db: Db, { sendsMail = true } = {}): Promise<World> {
  const { orgId, orgName: organization } = await makeTenant(db);
  const email = `anna-${orgId}@acme.test`;
  const passwords = createPasswordKeeper({
    cost: COST,
    pepper: deriveKey(signing, 'password-pepper'),
  });
  const hash = await passwords.hash(PASSWORD);
  await inTenant(db, [orgId], (tx) =>
    makeAccount(tx, {
      orgId,
      email,
      name: 'Anna',
      hash,
      role: 'developer',
      projectId: null,
      by: 'test',
    }),
  );
  const received: string[] = [];
  const metrics = createMetrics();
  const mailer = await startMailServer(received);
  const { letters } = createEmails({ db, clock: systemClock, metrics, mailer, nudge: () => {} });
  const tokens = createTokenReader({ db, clock: systemClock, metrics, sendsMail });
  const signIn = createSignIn({
    db,
    clock: systemClock,
    metrics,
    tokens,
    letters: sendsMail ? letters : null,
    signing,
    totpKeys: [sealingKey(signing, 'account-totp')],
    settings: {
      publicUrl: 'http://localhost:80',
      sessions: { idleMs: 3_600_000, lifetimeMs: 86_400_000, freshMs: 900_000 },
      throttle: { perAccount: 3, perAddress: 40, windowMs: 900_000 },
      passwordCost: COST,
      invitationMs: 3_600_000,
      passwordResetMs: 3_600_000,
    },
  });
  const app = createApp({
    routes: signIn.routes,
    authenticate: createAuthenticator([signIn.sessions, tokens]),
    auditor: createAuditor({ db }),
    db,
    clock: systemClock,
    log: silentLog,
    metrics,
  });
  onTestFinished(() => app.close());
  return {
    received,
    organization,
    email,
    post: async (path, body) => {
      const answer = await app.inject({ method: 'POST', url: `/api/v1${path}`, payload: body });
      return { status: answer.statusCode, body: answer.json() };
    },
  };
}

const linkIn = (letter: string | undefined): string =>
  /password-reset#(link-[\w-]+)/.exec(letter ?? '')?.[1] ?? '';

test('a forgotten password is set anew by a letter to the account, whose other links are then no good', async ({
  db,
}) => {
  const { received, post, organization, email } = await openWorld(db);
  const ask = () => post('/password-reset/request', { email: email.toUpperCase(), organization });
  expect(await ask()).toEqual({ status: 202, body: { status: 'accepted' } });
  await expect.poll(() => received.length).toBe(1);
  await ask();
  await expect.poll(() => received.length).toBe(2);
  expect(received[0]).toContain(`To: ${email}`);
  expect(received[0]).toContain('has forgotten the password');
  const [first, second] = received.map(linkIn);
  const password = 'a wholly different set of words';
  expect((await post('/password-reset', { token: first, password })).status).toBe(200);
  expect((await post('/password-reset', { token: second, password })).status).toBe(401);
  expect((await post('/sign-in', { email, password, organization })).status).toBe(200);
});

test('nobody is told whether there is such an account, and letters are counted', async ({ db }) => {
  const { received, post, organization, email } = await openWorld(db);
  const same = { status: 202, body: { status: 'accepted' } };
  const ask = (asked: string, of = organization) =>
    post('/password-reset/request', { email: asked, organization: of });
  expect(await ask('nobody@acme.test')).toEqual(same);
  expect(await ask(email, 'no-such-organization')).toEqual(same);
  for (const who of [email, 'nobody@acme.test']) {
    const answers: number[] = [];
    for (let n = 0; n < 4; n += 1) answers.push((await ask(who)).status);
    expect([who, answers.at(-1)]).toEqual([who, 429]);
  }
  // The account itself is not shut out by it.
  expect((await post('/sign-in', { email, password: PASSWORD, organization })).status).toBe(200);
  await expect.poll(() => received.length).toBeGreaterThan(0);
  expect(received.every((letter) => letter.includes(`To: ${email}`))).toBe(true);
});

test('who asks too often from one address is not looked at, and everybody there may sign in all the same', async ({
  db,
}) => {
  const { post, organization, email } = await openWorld(db);
  const answers: number[] = [];
  for (let n = 0; n < 41; n += 1) {
    const asked = { email: `nobody-${n}@acme.test`, organization };
    answers.push((await post('/password-reset/request', asked)).status);
  }
  expect([answers.at(39), answers.at(40)]).toEqual([202, 429]);
  expect((await post('/sign-in', { email, password: PASSWORD, organization })).status).toBe(200);
});

test('a server that sends no letters says so to everybody alike', async ({ db }) => {
  const { post, organization, email } = await openWorld(db, { sendsMail: false });
  for (const who of [email, 'nobody@acme.test']) {
    expect(await post('/password-reset/request', { email: who, organization })).toMatchObject({
      status: 409,
      body: { code: 'state.conflict' },
    });
  }
});
