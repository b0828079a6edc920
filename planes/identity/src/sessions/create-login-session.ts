import { hashToken, mintToken, newId } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { markLogin } from '../accounts/accounts.sql.ts';
import { dropCredential, registerCredential } from '../credentials.sql.ts';
import { insertSession } from './login-sessions.sql.ts';
import {
  type LoginSession,
  SESSION_KIND,
  SESSION_PREFIX,
  type SessionId,
  type SessionSettings,
  type SignInMethod,
} from './session.ts';

export interface NewLogin {
  readonly account: { readonly id: AccountId; readonly orgId: OrganizationId };
  readonly method: SignInMethod;
  readonly request: {
    readonly id: string;
    readonly ip: string;
    readonly headers: { readonly 'user-agent'?: string | undefined };
  };
  readonly settings: SessionSettings;
}

export interface MadeLogin {
  readonly session: LoginSession;
  /** Shown once: as a cookie, or as a bearer token. */
  readonly value: string;
}

const USER_AGENT_LENGTH_MAX = 200;

/**
 * Somebody has proved who they are: makes their session and its entry in the organization's chain. The
 * caller has made sure that the account is active; the transaction acts for its organization.
 */
export async function createLoginSession(
  tx: Tx,
  { account, method, request, settings }: NewLogin,
): Promise<MadeLogin> {
  const id = newId<SessionId>();
  const session = await insertSession(tx, {
    id,
    orgId: account.orgId,
    accountId: account.id,
    method,
    lifetimeMs: settings.lifetimeMs,
    address: request.ip,
    userAgent: (request.headers['user-agent'] ?? '').slice(0, USER_AGENT_LENGTH_MAX),
  });
  const value = await giveValue(tx, { id, orgId: account.orgId });
  await markLogin(tx, account);
  await appendAudit(tx, {
    orgId: account.orgId,
    actor: `account:${account.id}`,
    action: 'identity.signIn',
    subject: `login_session:${id}`,
    outcome: 'ok',
    requestId: request.id,
    details: { method, address: request.ip },
  });
  return { session, value };
}

/** Another value for the same session: a former one is good nowhere from the commit on. */
export async function rotateValue(
  tx: Tx,
  session: { readonly id: SessionId; readonly orgId: OrganizationId },
): Promise<string> {
  await dropCredential(tx, { kind: SESSION_KIND, id: session.id });
  return giveValue(tx, session);
}

async function giveValue(
  tx: Tx,
  { id, orgId }: { readonly id: SessionId; readonly orgId: OrganizationId },
): Promise<string> {
  const value = mintToken(SESSION_PREFIX);
  await registerCredential(tx, { hash: hashToken(value), kind: SESSION_KIND, id, orgId });
  return value;
}
