import { createSign } from 'node:crypto';

import { isObject } from '@sagewai/translate';
import type { Dispatcher } from 'undici';

import { parseData } from '../bytes/stream-reading.ts';
import type { Authorize, GoogleAccount } from './authorization.ts';

const SCOPE = 'https://www.googleapis.com/auth/cloud-platform';
/** What Google allows at most, and gives. */
const ASSERTED_S = 3_600;
// From then on another is fetched, while this one is still used; the last minute of a life is nobody's.
const RENEW_BEFORE_MS = 300_000;
const UNUSABLE_BEFORE_MS = 60_000;
const TIMEOUT_MS = 10_000;
const ANSWER_BYTES_MAX = 64 * 1024;

interface Token {
  readonly header: { readonly authorization: string };
  readonly expiresAt: number;
}

/**
 * Access tokens of a service account (RFC 7523): one is kept and used by all requests, a new one is
 * fetched before it ends, and never twice at the same time. Who waits for a token waits for the same
 * fetch; one that fails is tried again by the next request.
 */
export function createGoogleTokens(
  account: GoogleAccount,
  of: { readonly connections: Pick<Dispatcher, 'request'>; readonly now: () => number },
): Authorize {
  let token: Token | undefined;
  let renewing: Promise<Token> | undefined;
  const renew = (): Promise<Token> => {
    renewing ??= fetchToken(account, of)
      .then((made) => (token = made))
      .finally(() => (renewing = undefined));
    return renewing;
  };
  return () => {
    const leftMs = token === undefined ? 0 : token.expiresAt - of.now();
    if (token === undefined || leftMs <= UNUSABLE_BEFORE_MS)
      return renew().then(({ header }) => header);
    if (leftMs <= RENEW_BEFORE_MS) renew().catch(() => undefined);
    return token.header;
  };
}

async function fetchToken(
  account: GoogleAccount,
  { connections, now }: { connections: Pick<Dispatcher, 'request'>; now: () => number },
): Promise<Token> {
  const at = now();
  const { pathname, search } = new URL(account.tokenUrl);
  const answer = await connections.request({
    method: 'POST',
    path: pathname + search,
    headers: { 'content-type': 'application/x-www-form-urlencoded', accept: 'application/json' },
    body: new URLSearchParams({
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      assertion: assert(account, Math.floor(at / 1_000)),
    }).toString(),
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  const pieces: Buffer[] = [];
  let bytes = 0;
  for await (const piece of answer.body as AsyncIterable<Buffer>) {
    bytes += piece.length;
    if (bytes > ANSWER_BYTES_MAX) throw new Error('the answer of the token URL has no end');
    pieces.push(piece);
  }
  // Its words may quote what was asked, and an error about them a token (M6).
  if (answer.statusCode !== 200)
    throw new Error(`the token URL of ${account.email} answered ${answer.statusCode}`);
  const told = parseData(Buffer.concat(pieces).toString());
  const { access_token: value, expires_in: seconds } = isObject(told) ? told : {};
  if (typeof value !== 'string' || !/^[\x21-\x7e]+$/.test(value))
    throw new Error(`the token URL of ${account.email} gave no token`);
  const lifeMs = typeof seconds === 'number' && seconds > 0 ? seconds * 1_000 : 0;
  return { header: { authorization: `Bearer ${value}` }, expiresAt: at + lifeMs };
}

/** The signed statement that a token is asked for with. */
function assert({ email, key, keyId, tokenUrl }: GoogleAccount, at: number): string {
  const head = { alg: 'RS256', typ: 'JWT', ...(keyId === undefined ? {} : { kid: keyId }) };
  const claims = { iss: email, scope: SCOPE, aud: tokenUrl, iat: at, exp: at + ASSERTED_S };
  const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode(head)}.${encode(claims)}`;
  const signature = createSign('RSA-SHA256').update(signed).sign(key.reveal(), 'base64url');
  return `${signed}.${signature}`;
}
