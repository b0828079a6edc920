import type { OwnInput } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import type { AccountId, OrganizationId } from '@sagewai/wire';

import { originOf } from '../sessions/check-origin.ts';
import { writeCookie } from '../sessions/cookie.ts';
import { createLoginSession, type MadeLogin } from '../sessions/create-login-session.ts';
import type { LoginSession, SignInMethod } from '../sessions/session.ts';
import { demandLocalSignIn } from '../sso/demand-local-sign-in.ts';
import type { SignInParts } from './sign-in.ts';

export type Deliver = 'cookie' | 'body' | undefined;
type Asked = Pick<OwnInput, 'request' | 'setHeader'>;

export interface SignedIn {
  readonly kind: 'signed_in';
  readonly session_id: string;
  readonly account_id: string;
  readonly organization_id: string;
  readonly expires_at: string;
  readonly session: string | null;
}

/** Makes the session of somebody who has proved who they are; `hand` gives it out after the commit. */
export async function makeLogin(
  tx: Tx,
  { settings }: SignInParts,
  of: {
    readonly account: { readonly id: AccountId; readonly orgId: OrganizationId };
    readonly method: SignInMethod;
    readonly request: Asked['request'];
  },
): Promise<MadeLogin> {
  await demandLocalSignIn(tx, of.account); // O5
  return createLoginSession(tx, { ...of, settings: settings.sessions });
}

/** Hands the session's value to a browser as its cookie, or to a program in the answer. */
export function handOver(
  { request, setHeader }: Asked,
  { settings, clock }: Pick<SignInParts, 'settings' | 'clock'>,
  of: {
    readonly orgId: OrganizationId;
    readonly session: LoginSession;
    readonly value: string;
    readonly deliver: Deliver;
  },
): SignedIn {
  const { session, value, deliver } = of;
  if (deliver !== 'body') {
    const maxAgeMs = session.expiresAt.getTime() - clock.now().getTime();
    setHeader(
      'set-cookie',
      writeCookie(value, { isSecure: isSecure(request, settings), maxAgeMs }),
    );
  }
  return {
    kind: 'signed_in',
    session_id: session.id,
    account_id: session.accountId,
    organization_id: of.orgId,
    expires_at: session.expiresAt.toISOString(),
    session: deliver === 'body' ? value : null,
  };
}

export const isSecure = (
  { headers, isTls }: Asked['request'],
  { publicUrl }: { readonly publicUrl: string | null },
): boolean => originOf(headers, { publicUrl, isTls }).startsWith('https:');
