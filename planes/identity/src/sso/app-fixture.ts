import { createSecretKey } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { deriveKey, hashToken, mintToken, newId, sealingKey } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { type App, createApp, createAuthenticator, type Route } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { createAuditor, trustRoutes } from '@sagewai/trust';
import type { AccountId, OrganizationId, TokenId, TokenScope } from '@sagewai/wire';

import { createPasswordKeeper, type PasswordKeeper } from '../accounts/password-keeper.ts';
import { registerCredential } from '../credentials.sql.ts';
import { makeAccount } from '../invitations/make-account.ts';
import { identityRoutes } from '../routes.ts';
import { createScim } from '../scim/create-scim.ts';
import { createLoginSession } from '../sessions/create-login-session.ts';
import { createSignIn } from '../sign-in/create-sign-in.ts';
import type { SignInSettings } from '../sign-in/sign-in.ts';
import { createTokenReader } from '../token-reader.ts';
import { insertToken } from '../tokens.sql.ts';
import { createSso } from './create-sso.ts';

export const PUBLIC_URL = 'https://sagewai.example';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly text: string;
  /** The body as JSON. */
  readonly body: Record<string, unknown>;
}

export interface Replica {
  readonly app: App;
  /** `POST /path`; a body is sent as JSON. */
  readonly call: (
    token: string | null,
    target: string,
    more?: { readonly body?: object; readonly headers?: Record<string, string> },
  ) => Promise<Answer>;
}

const MASTER = createSecretKey(Buffer.alloc(32, 7));
const SEALING = sealingKey(MASTER, 'sso');
const SIGN_IN: SignInSettings = {
  publicUrl: PUBLIC_URL,
  sessions: { idleMs: 3_600_000, lifetimeMs: 86_400_000, freshMs: 900_000 },
  throttle: { perAccount: 50, perAddress: 400, windowMs: 900_000 },
  passwordCost: { memoryKib: 64, passes: 1 },
  invitationMs: 3_600_000,
  passwordResetMs: 3_600_000,
};

/** Hashes passwords as that server does. */
export const passwordKeeper: PasswordKeeper = createPasswordKeeper({
  cost: SIGN_IN.passwordCost,
  pepper: deriveKey(MASTER, 'password-pepper'),
});

/** A server of this plane, which may reach identity providers at these hosts. */
export function replicaOf(
  db: Db,
  privateHosts: readonly string[],
  more: readonly Route[] = [],
): Replica {
  const clock = systemClock;
  const metrics = createMetrics();
  const tokens = createTokenReader({ db, clock, metrics, sendsMail: false });
  const signIn = createSignIn({
    db,
    clock,
    metrics,
    tokens,
    letters: null,
    settings: SIGN_IN,
    signing: MASTER,
    totpKeys: [sealingKey(MASTER, 'account-totp')],
  });
  const sso = createSso({
    db,
    clock,
    egress: createPublicEgress({ privateHosts, timeoutMs: 10_000 }),
    sealing: [SEALING],
    publicUrl: PUBLIC_URL,
    isSecure: true,
    sessions: SIGN_IN.sessions,
    settings: {
      clockToleranceMs: 30_000,
      discoveryTtlMs: 600_000,
      loginTtlMs: 600_000,
      handoverTtlMs: 60_000,
      startsPerMinute: 1_000,
    },
  });
  const app = createApp({
    routes: [
      ...identityRoutes({ db, tokens }),
      ...signIn.routes,
      ...trustRoutes({ db }),
      ...sso.routes,
      ...createScim({ publicUrl: PUBLIC_URL, isSecure: true }).routes,
      ...more,
    ],
    authenticate: createAuthenticator([signIn.sessions, tokens]),
    auditor: createAuditor({ db }),
    db,
    clock,
    log: silentLog,
    metrics,
  });
  return {
    app,
    call: async (token, target, { body, headers } = {}) => {
      const [method = 'GET', url = ''] = target.split(' ');
      const response = await app.inject({
        method: method as 'GET',
        url,
        headers: { ...(token === null ? {} : { authorization: `Bearer ${token}` }), ...headers },
        ...(body ? { payload: body } : {}),
      });
      const isJson = String(response.headers['content-type']).includes('json');
      return {
        status: response.statusCode,
        headers: response.headers,
        text: response.body,
        body: isJson ? (JSON.parse(response.body) as Record<string, unknown>) : {},
      };
    },
  };
}

/** An access token of the organization, made by hand. */
export async function tokenOf(
  db: Db,
  orgId: OrganizationId,
  scopes: readonly TokenScope[],
  accountId: AccountId | null = null,
): Promise<string> {
  const id = newId<TokenId>();
  const value = mintToken('sat-');
  await inTenant(db, [orgId], async (tx) => {
    await insertToken(tx, {
      id,
      orgId,
      projectId: null,
      name: scopes.join(),
      scopes,
      accountId,
      createdBy: 'test',
      expiresInSeconds: null,
    });
    await registerCredential(tx, { hash: hashToken(value), kind: 'token', id, orgId });
  });
  return value;
}

/** The session of an owner of the organization: what a connection is, no token of nobody says. */
export async function ownerOf(db: Db, orgId: OrganizationId): Promise<string> {
  return inTenant(db, [orgId], async (tx) => {
    const account = await makeAccount(tx, {
      orgId,
      email: `owner-${newId()}@owners.test`,
      name: 'Owner',
      hash: await passwordKeeper.hash('correct horse battery staple'),
      role: 'owner',
      projectId: null,
      by: 'test',
    });
    const request = { id: newId(), ip: '127.0.0.1', headers: {} };
    const { sessions: settings } = SIGN_IN;
    const { value } = await createLoginSession(tx, {
      account: { id: account.id, orgId },
      method: 'password',
      request,
      settings,
    });
    return value;
  });
}
