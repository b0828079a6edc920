import { createHmac, type KeyObject } from 'node:crypto';

import { sameText } from './tokens.ts';

export type VerifiedCompact =
  /** Ours, hence in the shape that we signed; still to be checked for what it says. */
  { readonly kind: 'verified'; readonly payload: unknown } | { readonly kind: 'refused' };

/** `<prefix>.<base64url JSON>.<HMAC-SHA256>`: a token that its maker can check without a look-up. */
export function signCompact(prefix: string, payload: unknown, key: KeyObject): string {
  const body = `${prefix}.${Buffer.from(JSON.stringify(payload)).toString('base64url')}`;
  return `${body}.${mac(body, key)}`;
}

/** The token's code is compared as text: a second spelling of the same bytes is refused too. */
export function verifyCompact(prefix: string, token: string, key: KeyObject): VerifiedCompact {
  const [, payload, code, ...rest] = token.slice(prefix.length).split('.');
  if (payload === undefined || code === undefined || rest.length > 0) return { kind: 'refused' };
  const body = `${prefix}.${payload}`;
  if (token !== `${body}.${code}` || !sameText(code, mac(body, key))) return { kind: 'refused' };
  return { kind: 'verified', payload: JSON.parse(Buffer.from(payload, 'base64url').toString()) };
}

const mac = (text: string, key: KeyObject): string =>
  createHmac('sha256', key).update(text).digest('base64url');
