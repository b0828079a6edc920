/**
 * A run token is what a worker calls the gateway with while it holds a run's lease (I8): it names the
 * run, the epoch of the lease, whose run it is and which models it may call. Nothing is looked up to
 * check it but whether the lease still lives. It is an HMAC under a key of its own purpose, so no other
 * token of ours can stand for one.
 */
import type { KeyObject } from 'node:crypto';

import { deriveKey, signCompact, verifyCompact } from '@sagewai/crypto';
import type { OrganizationId, ProjectId, RunId } from '@sagewai/wire';

const PREFIX = 'rt-1';

export interface RunClaims {
  readonly runId: RunId;
  /** Of the lease; a token of an earlier lease names an earlier one. */
  readonly epoch: number;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  /** Canonical names; empty: whatever the project may call. */
  readonly models: readonly string[];
  readonly expiresAt: Date;
}

export type ReadRunToken =
  | { readonly kind: 'valid'; readonly claims: RunClaims }
  | { readonly kind: 'expired'; readonly claims: RunClaims }
  | { readonly kind: 'forged' };

/** As it travels: short names, seconds. Only what we signed is ever read as one. */
interface Payload {
  readonly run: RunId;
  readonly epoch: number;
  readonly org: OrganizationId;
  readonly project: ProjectId;
  readonly models: readonly string[];
  readonly exp: number;
}

/** Of a caller that was read from a run token. */
export interface LeaseDetail {
  readonly epoch: number;
}

/** The lease that the caller's run token proves; null: it is no run. */
export function leaseOf(caller: {
  readonly kind: string;
  readonly id: string;
  readonly detail?: unknown;
}): { readonly runId: RunId; readonly epoch: number } | null {
  if (caller.kind !== 'run') return null;
  return { runId: caller.id as RunId, epoch: (caller.detail as LeaseDetail).epoch };
}

/** Derived once at start from the master key. */
export const runTokenKey = (master: KeyObject): KeyObject => deriveKey(master, 'run-token');

export const isRunToken = (token: string): boolean => token.startsWith(`${PREFIX}.`);

/** The expiry is rounded down to the second: the lease is what a run token must not outlive. */
export function mintRunToken(key: KeyObject, claims: RunClaims): string {
  const payload: Payload = {
    run: claims.runId,
    epoch: claims.epoch,
    org: claims.orgId,
    project: claims.projectId,
    models: claims.models,
    exp: Math.floor(claims.expiresAt.getTime() / 1000),
  };
  return signCompact(PREFIX, payload, key);
}

/** Whether the lease of these claims still lives is for the caller to ask. */
export function readRunToken(key: KeyObject, token: string, now: Date): ReadRunToken {
  const read = verifyCompact(PREFIX, token, key);
  if (read.kind === 'refused') return { kind: 'forged' };
  const { run, epoch, org, project, models, exp } = read.payload as Payload;
  const expiresAt = new Date(exp * 1000);
  const claims = { runId: run, epoch, orgId: org, projectId: project, models, expiresAt };
  return { kind: now < expiresAt ? 'valid' : 'expired', claims };
}
