import { createHmac, type KeyObject } from 'node:crypto';

import { sameText } from './tokens.ts';

/** Registered claims (RFC 7519); instants are whole seconds. */
export interface JwtClaims {
  readonly aud: string;
  readonly exp: number;
  readonly nbf?: number;
  readonly [claim: string]: unknown;
}

export interface JwtExpectation {
  /** What the header calls itself; keeps a token of one purpose from serving another. */
  readonly typ: string;
  readonly audience: string;
  readonly now: Date;
  /** How far two clocks may differ. 0 when left out. */
  readonly leewaySeconds?: number;
}

export type VerifiedJwt =
  | { readonly kind: 'verified'; readonly claims: JwtClaims }
  | {
      readonly kind: 'refused';
      readonly why: 'malformed' | 'forged' | 'wrong_type' | 'wrong_audience' | 'expired' | 'early';
    };

export function signJwt(typ: string, claims: JwtClaims, key: KeyObject): string {
  const signed = `${encode({ alg: 'HS256', typ })}.${encode(claims)}`;
  return `${signed}.${mac(signed, key)}`;
}

/**
 * Accepts HS256 and nothing else: the header never chooses the algorithm. The signature is checked
 * before anything inside is read, and as text, so that no second spelling of it passes.
 */
export function verifyJwt(token: string, key: KeyObject, expected: JwtExpectation): VerifiedJwt {
  const [head, body, signature, ...rest] = token.split('.');
  if (head === undefined || body === undefined || signature === undefined || rest.length > 0) {
    return refused('malformed');
  }
  if (!sameText(signature, mac(`${head}.${body}`, key))) return refused('forged');
  const header = decode(head);
  const claims = decode(body);
  if (header === null || claims === null || 'crit' in header) return refused('malformed');
  if (header['alg'] !== 'HS256' || header['typ'] !== expected.typ) return refused('wrong_type');
  return judge(claims, expected);
}

function judge(claims: Record<string, unknown>, expected: JwtExpectation): VerifiedJwt {
  const { aud, exp, nbf } = claims;
  const nowSeconds = expected.now.getTime() / 1000;
  const leewaySeconds = expected.leewaySeconds ?? 0;
  if (typeof exp !== 'number' || !(nbf === undefined || typeof nbf === 'number')) {
    return refused('malformed');
  }
  if (aud !== expected.audience) return refused('wrong_audience');
  if (nowSeconds >= exp + leewaySeconds) return refused('expired');
  if (nbf !== undefined && nowSeconds < nbf - leewaySeconds) return refused('early');
  return { kind: 'verified', claims: claims as JwtClaims };
}

const refused = (why: Extract<VerifiedJwt, { kind: 'refused' }>['why']): VerifiedJwt => ({
  kind: 'refused',
  why,
});

const mac = (text: string, key: KeyObject): string =>
  createHmac('sha256', key).update(text).digest('base64url');

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

function decode(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(text, 'base64url').toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
