/**
 * Whether a message is from whom it says.
 *
 *   X2. What is verified is the bytes as they came; nothing is parsed before. Signatures are compared in a
 *       time that does not depend on them, and with every secret that is good.
 *   X3. A delivery is known by what its sender signed: a header beside the signature can be changed by
 *       whoever has seen the message once.
 */
import { createHash, createHmac } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

import { sameBytes, sameText } from '@sagewai/crypto';
import type { WebhookOptions } from '@sagewai/wire';

import { readPointer } from './read-path.ts';

export interface Incoming {
  readonly headers: IncomingHttpHeaders;
  readonly raw: Buffer;
  readonly nowMs: number;
}

type Verify = (options: WebhookOptions, incoming: Incoming, secret: string) => boolean;

const TOLERANCE_SECONDS = 300;
/** What a sender calls a delivery, where it is sane. */
const KEY = /^[\x20-\x7e]{1,200}$/;

/** Of each scheme. */
const VERIFY: Readonly<Record<WebhookOptions['scheme'], Verify>> = {
  standard: (options, incoming, secret) => {
    const { headers, raw } = incoming;
    const [id, seconds] = [one(headers, 'webhook-id'), one(headers, 'webhook-timestamp')];
    if (!KEY.test(id) || !isFresh(seconds, options, incoming)) return false;
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
    const wanted = createHmac('sha256', key).update(`${id}.${seconds}.`).update(raw).digest();
    return one(headers, 'webhook-signature')
      .split(' ')
      .some((each) => each.startsWith('v1,') && isSame(wanted, each.slice(3), 'base64'));
  },
  github: (_, { headers, raw }, secret) => {
    const given = one(headers, 'x-hub-signature-256');
    if (!given.startsWith('sha256=')) return false;
    return isSame(hmac('sha256', secret, [raw]), given.slice('sha256='.length), 'hex');
  },
  stripe: (options, incoming, secret) => {
    const parts = one(incoming.headers, 'stripe-signature')
      .split(',')
      .map((part) => part.trim());
    const valuesOf = (name: string): string[] =>
      parts
        .filter((part) => part.startsWith(`${name}=`))
        .map((part) => part.slice(name.length + 1));
    const [seconds = ''] = valuesOf('t');
    if (!isFresh(seconds, options, incoming)) return false;
    const wanted = hmac('sha256', secret, [`${seconds}.`, incoming.raw]);
    return valuesOf('v1').some((each) => isSame(wanted, each, 'hex'));
  },
  slack: (options, incoming, secret) => {
    const { headers, raw } = incoming;
    const seconds = one(headers, 'x-slack-request-timestamp');
    const given = one(headers, 'x-slack-signature');
    if (!given.startsWith('v0=') || !isFresh(seconds, options, incoming)) return false;
    return isSame(hmac('sha256', secret, [`v0:${seconds}:`, raw]), given.slice(3), 'hex');
  },
  hmac: (options, { headers, raw }, secret) => {
    const { header = '', algorithm = 'sha256', encoding = 'hex', prefix = '' } = options;
    const given = one(headers, header.toLowerCase());
    if (!given.startsWith(prefix)) return false;
    return isSame(hmac(algorithm, secret, [raw]), given.slice(prefix.length), encoding);
  },
  bearer: (_, { headers }, secret) => {
    const given = /^Bearer (.+)$/i.exec(one(headers, 'authorization'))?.[1];
    return given !== undefined && sameText(given, secret);
  },
};

/** X2. With any of these secrets. */
export function isVerified(
  options: WebhookOptions,
  incoming: Incoming,
  secrets: readonly string[],
): boolean {
  // Every secret is tried, whether or not one has fitted.
  return secrets.filter((secret) => VERIFY[options.scheme](options, incoming, secret)).length > 0;
}

/** X3. By what a repetition of it is known. */
export function deliveryKeyOf(
  { scheme, delivery_id: pointer }: WebhookOptions,
  { headers, raw }: Incoming,
  body: unknown,
): string {
  const digest = (): string => `body:${createHash('sha256').update(raw).digest('hex')}`;
  const at = (place: string): string => {
    const id = readPointer(body, place);
    const isId = typeof id === 'string' || typeof id === 'number';
    return isId && KEY.test(String(id)) ? `id:${id}` : digest();
  };
  switch (scheme) {
    case 'standard':
      return `id:${one(headers, 'webhook-id')}`;
    case 'stripe':
      return at('/id');
    case 'slack':
      return at('/event_id');
    case 'github':
      return digest();
    case 'hmac':
    case 'bearer':
      return pointer === undefined ? digest() : at(pointer);
  }
}

function hmac(algorithm: string, secret: string, parts: readonly (string | Buffer)[]): Buffer {
  const made = createHmac(algorithm, secret);
  for (const part of parts) made.update(part);
  return made.digest();
}

function isSame(wanted: Buffer, text: string, encoding: 'hex' | 'base64'): boolean {
  return sameBytes(wanted, Buffer.from(text.trim(), encoding));
}

function isFresh(
  seconds: string,
  { tolerance_seconds: tolerance = TOLERANCE_SECONDS }: WebhookOptions,
  { nowMs }: Incoming,
): boolean {
  return /^\d{1,12}$/.test(seconds) && Math.abs(nowMs / 1_000 - Number(seconds)) <= tolerance;
}

/** A header that comes more than once is none. */
function one(headers: IncomingHttpHeaders, name: string): string {
  const value = headers[name];
  return typeof value === 'string' ? value : '';
}
