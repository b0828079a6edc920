import type { RequestHead } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { writeCookie } from '../sessions/cookie.ts';
import { createLoginSession } from '../sessions/create-login-session.ts';
import type { SessionSettings } from '../sessions/session.ts';
import { insertOidcSession } from './sessions.sql.ts';

export interface MadeSession {
  readonly id: string;
  /** What a program sends as a bearer token. */
  readonly value: string;
  readonly expiresAt: Date;
  /** A whole Set-Cookie line. */
  readonly cookie: string;
}

/** The session of somebody whom a provider has vouched for, with what it takes to sign out there. */
export async function makeSession(
  tx: Tx,
  of: {
    readonly orgId: OrganizationId;
    readonly connectionId: string;
    readonly accountId: string;
    /** Sealed. */
    readonly idToken: string;
    readonly request: RequestHead;
    readonly isSecure: boolean;
    readonly settings: SessionSettings;
  },
): Promise<MadeSession> {
  const { orgId, connectionId, accountId, idToken, request, settings } = of;
  const { session, value } = await createLoginSession(tx, {
    account: { id: accountId as AccountId, orgId },
    method: 'oidc',
    request,
    settings,
  });
  await insertOidcSession(tx, { orgId, connectionId, accountId, idToken, sessionId: session.id });
  const { id, expiresAt } = session;
  const cookie = writeCookie(value, { isSecure: of.isSecure, maxAgeMs: settings.lifetimeMs });
  return { id, value, expiresAt, cookie };
}
