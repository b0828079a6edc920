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

/** What has to be made for each request, where a credential is no header that stays the same. */
export type Authorization = GoogleAccount | AwsAccount;

/** Keys that sign each request for one region. */
export interface AwsAccount {
  readonly kind: 'aws';
  readonly region: string;
  readonly keys: AwsKeys;
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
