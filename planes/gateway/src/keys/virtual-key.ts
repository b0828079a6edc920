import type { KeyId, OrganizationId, PicoUsd, ProjectId } from '@sagewai/wire';

import type { KeyCache } from '../cache/read-controls.ts';
import type { Classification } from '../classification/classification.ts';
import type { EnforcedParams } from './enforced-params.ts';

/** The word for our keys in identity's look-up of credentials. */
export const KEY_KIND = 'key' as const;
export const KEY_PREFIX = 'sk-';
/** Keys of another plane start like ours. */
export const FLEET_KEY_PREFIX = 'sk-fleet-';

/** What becomes of a stream whose client goes away: it is given up, or read to its end and booked exactly. */
export type OnClientLeft = 'abort' | 'drain';

/** What becomes of a key's calls while the database is away: refused, or served from what is held for them. */
export type OnOutage = 'closed' | 'open';

/** A key as its administrators see it; its value is nowhere. */
export interface VirtualKey {
  readonly id: KeyId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly name: string;
  readonly hint: string;
  /** As given; empty allows every model. */
  readonly models: readonly string[];
  readonly mayCap: boolean;
  readonly onClientLeft: OnClientLeft;
  readonly teamId: string | null;
  readonly personId: string | null;
  /** Names in requests → models. */
  readonly aliases: Readonly<Record<string, string>>;
  readonly metadata: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  /** Empty allows every route that a key may call. */
  readonly allowedRoutes: readonly string[];
  /** Calls under way at once. */
  readonly parallelMax: number | null;
  readonly softBudgetPusd: PicoUsd | null;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly updatedAt: Date | null;
  readonly updatedBy: string | null;
  readonly expiresAt: Date | null;
  readonly blockedAt: Date | null;
  readonly revokedAt: Date | null;
}

/** What a call needs to know of the credential it is made with. `Caller.detail` holds one. */
export interface CallerDetail {
  readonly keyId: KeyId | null;
  readonly runId: string | null;
  /** Canonical names; empty allows every model. */
  readonly models: ReadonlySet<string>;
  readonly mayCap: boolean;
  /** Of a run: null. */
  readonly policy: KeyPolicy | null;
}

/** What a key says of the calls that are made with it. */
export interface KeyPolicy {
  readonly teamId: string | null;
  readonly personId: string | null;
  /** Of its team and its person: each must allow the model as well. */
  readonly models: readonly ReadonlySet<string>[];
  readonly aliases: ReadonlyMap<string, string>;
  readonly tags: readonly string[];
  readonly onClientLeft: OnClientLeft;
  /** Whether its calls may pass while the database is away. */
  readonly onOutage: OnOutage;
  /** Who may have how many calls under way. */
  readonly slots: readonly SlotLimit[];
  /** What the key says of answers that are kept; undefined: nothing. */
  readonly cache: KeyCache | undefined;
  /** What its data is at least; undefined: it does not say. */
  readonly classification: Classification | undefined;
  /** Of the key and its team; null: they cannot be read, and nothing may pass. */
  readonly guardrails: readonly string[] | null;
  /** What each of its calls must say; undefined: nothing. Null: it cannot be read, and nothing may pass. */
  readonly enforced: EnforcedParams | null | undefined;
  /** Headers of every answer, made once. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface SlotLimit {
  readonly kind: 'key' | 'team' | 'person';
  readonly id: string;
  readonly max: number;
}

/**
 * How long what was read about a credential may be relied upon, counted from before it was read:
 * a revoked key, or the token of a run that lost its lease, is refused within this time everywhere.
 */
export const CREDENTIAL_AGE_MS_MAX = 1_000;
