/**
 * A worker token that was issued for no worker yet: whoever has it registers with it, as often as its
 * record allows. It has the form of a worker token and another audience, so neither passes for the other.
 */
import type { KeyObject } from 'node:crypto';

import { signJwt, verifyJwt } from '@sagewai/crypto';
import type { EnrollmentKeyId, OrganizationId } from '@sagewai/wire';

import { WORKER_TOKEN_PREFIX } from '../identity/worker-token.ts';

const TYP = 'wrt+jwt';
const ISSUER = 'sagewai';
const AUDIENCE = 'sagewai-fleet-registration';

export interface RegistrationClaims {
  /** Of its record, which counts the uses. */
  readonly id: EnrollmentKeyId;
  readonly orgId: OrganizationId;
}

export function mintRegistrationToken(
  key: KeyObject,
  { id, orgId, issuedAt, expiresAt }: RegistrationClaims & { issuedAt: Date; expiresAt: Date },
): string {
  const seconds = (at: Date): number => Math.floor(at.getTime() / 1_000);
  const claims = { iss: ISSUER, aud: AUDIENCE, org: orgId, jti: id, iat: seconds(issuedAt) };
  return WORKER_TOKEN_PREFIX + signJwt(TYP, { ...claims, exp: seconds(expiresAt) }, key);
}

/** Null: it is none, or not ours, or has expired. */
export function readRegistrationToken(
  key: KeyObject,
  token: string,
  now: Date,
): RegistrationClaims | null {
  if (!token.startsWith(WORKER_TOKEN_PREFIX)) return null;
  const jwt = token.slice(WORKER_TOKEN_PREFIX.length);
  const read = verifyJwt(jwt, key, { typ: TYP, audience: AUDIENCE, now });
  if (read.kind === 'refused') return null;
  const { jti, org, iss } = read.claims;
  if (iss !== ISSUER || typeof jti !== 'string' || typeof org !== 'string') return null;
  return { id: jti as EnrollmentKeyId, orgId: org as OrganizationId };
}
