import type { AccountId } from '@sagewai/wire';

export type SessionId = string & { readonly __id: 'loginSession' };

/** How somebody proved who they are. */
export type SignInMethod =
  | 'password'
  | 'password+totp'
  | 'password+recovery'
  | 'passkey'
  | 'oidc'
  | 'link';

export interface LoginSession {
  readonly id: SessionId;
  readonly accountId: AccountId;
  readonly method: SignInMethod;
  readonly createdAt: Date;
  /** To the minute. */
  readonly lastSeenAt: Date;
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
  readonly endedAt: Date | null;
  readonly endedBy: string | null;
  readonly address: string;
  readonly userAgent: string;
}

export interface SessionSettings {
  /** Unused for so long, it ends. */
  readonly idleMs: number;
  /** However it is used, it ends. */
  readonly lifetimeMs: number;
  /** For so long a proof of who is there is of late (A8). */
  readonly freshMs: number;
}

/** The kind under which sessions stand in `credential`. */
export const SESSION_KIND = 'session';
export const SESSION_PREFIX = 'ses-';
