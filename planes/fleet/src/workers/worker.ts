import type {
  EnforcementMode,
  OrganizationId,
  ProjectId,
  WorkerId,
  WorkerScope,
  WorkerState,
} from '@sagewai/wire';

import type { Ramp } from './version.ts';

/** What a worker may be given (F3), as recorded at its enrollment. */
export interface Capabilities {
  readonly orgId: OrganizationId;
  /** Null: every project of the organization. */
  readonly projectId: ProjectId | null;
  readonly pool: string;
  /** Canonical. */
  readonly models: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** Of its code, as it says when a session is opened; left out or null: it does not say. */
  readonly version?: string | null;
  /** Of its pool. */
  readonly ramp?: Ramp | null;
}

/** What the server knows of a worker; the whole of what its word is checked against. */
export interface WorkerRecord {
  readonly id: WorkerId;
  /** Its short name in the hot tables. */
  readonly num: number;
  readonly name: string;
  readonly state: WorkerState;
  /** Of its current session. */
  readonly sessionEpoch: bigint;
  readonly maxConcurrent: number;
  /** It is asked to go, and is given nothing more. */
  readonly draining: boolean;
  /** As declared and allowed. */
  readonly models: readonly string[];
  readonly capabilities: Capabilities;
  /** The most that a token of it may be used for. */
  readonly scopes: readonly WorkerScope[];
  /** The `x` of its public JWK; null: it has no key pair. */
  readonly publicKey: string | null;
  readonly keyThumbprint: string | null;
  /** How its organization treats those without a key pair. */
  readonly enforcement: EnforcementMode;
}

/** A worker that is calling. Stands in `caller.detail`. */
export interface CallingWorker {
  readonly record: WorkerRecord;
  /** The session it speaks for; an older one than the record's has been replaced. */
  readonly sessionEpoch: bigint;
  readonly scopes: ReadonlySet<WorkerScope>;
  /** Whether this credential may open a session. */
  readonly opensSessions: boolean;
  /** The credential itself, which a proof is for. */
  readonly credential: string;
  /** Of the token of a session, to renew it in time. */
  readonly token: SessionToken | null;
}

export interface SessionToken {
  readonly issuedAt: Date;
  readonly expiresAt: Date;
  /** What it is bound to; null: to no key pair. */
  readonly binding: TokenBinding | null;
}

/** Names the key pair that a token is bound to, and counts how often it was renewed. */
export interface TokenBinding {
  readonly thumbprint: string;
  readonly generation: bigint;
}

/** The kinds under which the fleet's keys stand in `credential`. */
export const WORKER_SECRET_KIND = 'worker';
export const ENROLLMENT_KEY_KIND = 'enrollment';
export const ENROLLMENT_KEY_PREFIX = 'sk-fleet-';
