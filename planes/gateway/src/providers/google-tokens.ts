import { createSign } from 'node:crypto';

import type { Dispatcher } from 'undici';

import type { Authorize, GoogleAccount } from './authorization.ts';
import { keepToken, postForm, type Token } from './kept-token.ts';
import { type Bearer, readBearer } from './read-bearer.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** What Google allows at most, and gives. */
const ASSERTED_S = 3_600;

/** What asks for tokens. */
type TokenAccount = Pick<GoogleAccount, 'email' | 'key' | 'keyId' | 'tokenUrl'>;

interface Asking {
  readonly connections: Pick<Dispatcher, 'request'>;
  readonly now: () => number;
}

/** Access tokens of a service account (RFC 7523). */
export const createGoogleTokens = (account: TokenAccount, of: Asking): Authorize =>
  keepToken(() => fetchToken(account, of), of.now);

async function fetchToken(
  account: TokenAccount,
  { connections, now }: Asking,
): Promise<Token<Bearer>> {
  const at = now();
  const text = await postForm(connections, {
    url: account.tokenUrl,
    whose: account.email,
    fields: {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assert(account, Math.floor(at / 1_000)),
    },
  });
  return readBearer(text, { whose: account.email, at });
}

/** The signed statement that a token is asked for with. */
function assert({ email, key, keyId, tokenUrl }: TokenAccount, at: number): string {
  const head = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const claims = { iss: email, scope: SCOPE, aud: tokenUrl, iat: at, exp: at + ASSERTED_S };
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode(head)}.${encode(claims)}`;
  const signature = createSign('RSA-SHA256').update(signed).sign(key.reveal(), 'base64url');
  return `${signed}.${signature}`;
}
