/** Amazon's Signature Version 4: a signature over each request, with a key that is good for a day. */
import { createHash, createHmac } from 'node:crypto';

import type { Secret } from '@sagewai/config';

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: Secret;
  /** Of keys that end. */
  readonly sessionToken: Secret | undefined;
}

export interface SignedParts {
  readonly method: string;
  /** As it is sent, with its query. */
  readonly path: string;
  /** Those that are signed; names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface SigningScope {
  readonly keys: AwsKeys;
  readonly region: string;
  readonly service: string;
  readonly at: Date;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** `20150830T123600Z` */
export const amzDate = (at: Date): string => at.toISOString().replaceAll(/[:-]|\.\d{3}/g, '');

/** The value of `authorization`. */
export function signRequest(
  { method, path, headers, body }: SignedParts,
  { keys, region, service, at }: SigningScope,
): string {
  const [pathname = '/', query = ''] = path.split('?', 2);
  const names = Object.keys(headers).toSorted();
  const signed = names.join(';');
  const canonical = [
    method,
    // What is sent is encoded already, and is encoded once more to be signed.
    pathname.split('/').map(encode).join('/'),
    canonicalQuery(query),
    ...names.map((name) => `${name}:${(headers[name] ?? '').trim().replaceAll(/ +/g, ' ')}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const time = amzDate(at);
  const day = time.slice(0, 8);
  const scope = `${day}/${region}/${service}/aws4_request`;
  const statement = [ALGORITHM, time, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer | string>(
    (from, part) => hmac(from, part),
    `AWS4${keys.secretAccessKey.reveal()}`,
  );
  const signature = hmac(key, statement).toString('hex');
  return `${ALGORITHM} Credential=${keys.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
}

const sha256 = (text: Buffer | string): string => createHash('sha256').update(text).digest('hex');

const hmac = (key: Buffer | string, text: string): Buffer =>
  createHmac('sha256', key).update(text).digest();

/** All but letters, digits and `-._~`, as Amazon wants it. */
const encode = (part: string): string =>
  encodeURIComponent(part).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );

function canonicalQuery(query: string): string {
  if (query === '') return '';
  return query
    .split('&')
    .map((pair) => {
      const [name = '', value = ''] = pair.split('=', 2);
      return `${encode(decodeURIComponent(name))}=${encode(decodeURIComponent(value))}`;
    })
    .toSorted()
    .join('&');
}
