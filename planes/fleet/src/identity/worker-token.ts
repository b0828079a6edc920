/**
 * The worker token (`wrt-1.` and a JWT, HS256 under a key of its own purpose): who a worker is, what it
 * may do, and for which of its sessions it speaks. It is checked without a look-up; whether the worker
 * was revoked, and whether the session is the current one, is asked of the directory.
 */
import type { KeyObject } from 'node:crypto';

import { signJwt, verifyJwt } from '@sagewai/crypto';
import { type OrganizationId, WORKER_SCOPES, type WorkerId, type WorkerScope } from '@sagewai/wire';

import type { TokenBinding } from '../workers/worker.ts';

export const WORKER_TOKEN_PREFIX = 'wrt-1.';
const TYP = 'wrt+jwt';
const ISSUER = 'sagewai';
const AUDIENCE = 'sagewai-fleet';

export interface WorkerClaims {
  readonly workerId: WorkerId;
  readonly orgId: OrganizationId;
  readonly pool: string;
  readonly scopes: readonly WorkerScope[];
  /** Names the token. */
  readonly tokenId: string;
  /** Null: bound to no session; such a token opens one. */
  readonly sessionEpoch: bigint | null;
  /** Null: whoever has it may use it. */
  readonly binding: TokenBinding | null;
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

export type ReadWorkerToken =
  | { readonly kind: 'valid'; readonly claims: WorkerClaims }
  | { readonly kind: 'expired' }
  | { readonly kind: 'forged' };

export function mintWorkerToken(key: KeyObject, claims: WorkerClaims): string {
  return (
    WORKER_TOKEN_PREFIX +
    signJwt(
      TYP,
      {
        iss: ISSUER,
        aud: AUDIENCE,
        sub: claims.workerId,
        org: claims.orgId,
        pool: claims.pool,
        scopes: claims.scopes,
        jti: claims.tokenId,
        ...(claims.sessionEpoch === null ? {} : { session_epoch: Number(claims.sessionEpoch) }),
        ...(claims.binding === null
          ? {}
          : {
              cnf: { jkt: claims.binding.thumbprint },
              gen: Number(claims.binding.generation),
            }),
        iat: Math.floor(claims.issuedAt.getTime() / 1000),
        exp: Math.ceil(claims.expiresAt.getTime() / 1000),
      },
      key,
    )
  );
}

export function readWorkerToken(key: KeyObject, token: string, now: Date): ReadWorkerToken {
  if (!token.startsWith(WORKER_TOKEN_PREFIX)) return { kind: 'forged' };
  const jwt = token.slice(WORKER_TOKEN_PREFIX.length);
  const read = verifyJwt(jwt, key, { typ: TYP, audience: AUDIENCE, now });
  if (read.kind === 'refused') return { kind: read.why === 'expired' ? 'expired' : 'forged' };
  const {
    sub,
    org,
    pool,
    scopes,
    jti,
    session_epoch: epoch,
    cnf,
    gen,
    iat,
    exp,
    iss,
  } = read.claims;
  // Only we sign with this key; the shape is checked all the same, as it came from outside.
  if (iss !== ISSUER || typeof sub !== 'string' || typeof org !== 'string')
    return { kind: 'forged' };
  if (typeof pool !== 'string' || typeof jti !== 'string' || typeof iat !== 'number') {
    return { kind: 'forged' };
  }
  return {
    kind: 'valid',
    claims: {
      workerId: sub as WorkerId,
      orgId: org as OrganizationId,
      pool,
      scopes: WORKER_SCOPES.filter((scope) => Array.isArray(scopes) && scopes.includes(scope)),
      tokenId: jti,
      sessionEpoch: typeof epoch === 'number' ? BigInt(epoch) : null,
      binding: readBinding(cnf, gen),
      issuedAt: new Date(iat * 1000),
      expiresAt: new Date(exp * 1000),
    },
  };
}

function readBinding(cnf: unknown, gen: unknown): TokenBinding | null {
  const jkt: unknown = typeof cnf === 'object' && cnf !== null && 'jkt' in cnf ? cnf.jkt : null;
  if (typeof jkt !== 'string' || typeof gen !== 'number') return null;
  return { thumbprint: jkt, generation: BigInt(gen) };
}

/** Whether a token has passed half of its life: the time to hand out the next one. */
export function isHalfSpent(
  token: { readonly issuedAt: Date; readonly expiresAt: Date },
  now: Date,
): boolean {
  const middle = (token.issuedAt.getTime() + token.expiresAt.getTime()) / 2;
  return now.getTime() >= middle;
}
