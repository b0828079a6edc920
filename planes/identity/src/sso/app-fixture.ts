import { createSecretKey } from 'node:crypto';

import { systemClock } from '@sagewai/clock';
import { hashToken, mintToken, newId, sealingKey } from '@sagewai/crypto';
import { createPublicEgress } from '@sagewai/egress';
import { type App, createApp, createAuthenticator, type Route } from '@sagewai/http';
import { silentLog } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { createAuditor, trustRoutes } from '@sagewai/trust';
import type { OrganizationId, TokenId, TokenScope } from '@sagewai/wire';

import { registerCredential } from '../credentials.sql.ts';
import { identityRoutes } from '../routes.ts';
import { createScim } from '../scim/create-scim.ts';
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

const SEALING = sealingKey(createSecretKey(Buffer.alloc(32, 7)), 'sso');

/** A server of this plane, which may reach identity providers at these hosts. */
export function replicaOf(
  db: Db,
  privateHosts: readonly string[],
  more: readonly Route[] = [],
): Replica {
  const clock = systemClock;
  const tokens = createTokenReader({ db, clock });
  const sso = createSso({
    db,
    clock,
    egress: createPublicEgress({ privateHosts, timeoutMs: 10_000 }),
    sealing: [SEALING],
    publicUrl: PUBLIC_URL,
    settings: {
      clockToleranceMs: 30_000,
      discoveryTtlMs: 600_000,
    },
  });
  const app = createApp({
    routes: [
      ...identityRoutes({ db, tokens }),
      ...trustRoutes({ db }),
      ...sso.routes,
      ...createScim({ publicUrl: PUBLIC_URL, isSecure: true }).routes,
      ...more,
    ],
    authenticate: createAuthenticator([tokens]),
    auditor: createAuditor({ db }),
    db,
    clock,
    log: silentLog,
    metrics: createMetrics(),
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
      createdBy: 'test',
      expiresInSeconds: null,
    });
    await registerCredential(tx, { hash: hashToken(value), kind: 'token', id, orgId });
  });
  return value;
}
