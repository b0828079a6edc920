import type { Secret } from '@sagewai/config';

import type { AwsKeys } from './sign-request.ts';

/** An account of Google's that signs for short-lived tokens, at `tokenUrl` and nowhere else (M6). */
export interface GoogleAccount {
  readonly kind: 'google';
  readonly email: string;
  /** PEM. */
  readonly key: Secret;
  readonly keyId: string | undefined;
  readonly tokenUrl: string;
  readonly projectId: string | undefined;
}

/** An application of Microsoft Entra ID, which is given short-lived tokens at `tokenUrl` (M6). */
export interface EntraClient {
  readonly kind: 'entra';
  readonly clientId: string;
  readonly secret: Secret;
  readonly scope: string;
  readonly tokenUrl: string;
}

/** What has to be made for each request, where a credential is no header that stays the same. */
export type Authorization = GoogleAccount | EntraClient | AwsAccount;

/** Keys that sign each request for one region. */
export interface AwsAccount {
  readonly kind: 'aws';
  readonly region: string;
  /** Whose rights requests are made with: of these keys, or of a role whose keys end. */
  readonly keys: AwsKeys | AwsRole;
}

/** A role that is taken on at `stsUrl` and nowhere else (M6). */
export interface AwsRole {
  readonly arn: string;
  readonly sessionName: string;
  readonly externalId: string | undefined;
  readonly region: string;
  readonly stsUrl: string;
  readonly by:
    | { readonly kind: 'keys'; readonly keys: AwsKeys }
    /** Of an identity provider that the role trusts; read anew each time, since it ends. */
    | { readonly kind: 'token'; readonly read: () => string | undefined };
}

export const isRole = (keys: AwsKeys | AwsRole): keys is AwsRole => 'arn' in keys;

/** Where tokens of it come from. */
export function tokenUrlsOf(authorization: Authorization | undefined): readonly string[] {
  if (authorization === undefined) return [];
  if (authorization.kind !== 'aws') return [authorization.tokenUrl];
  return isRole(authorization.keys) ? [authorization.keys.stsUrl] : [];
}

/** What is authorized. */
export interface Unsigned {
  readonly method: 'POST' | 'GET' | 'DELETE';
  /** With its query. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

/** The headers that authorize a request; a promise only where somebody has to be asked first. */
export type Authorize = (
  request: Unsigned,
) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>;
