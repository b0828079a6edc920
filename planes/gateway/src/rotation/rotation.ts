/**
 * Keys that rotate (`docs/adr/0046`):
 * V1 the former value is good until `former_until` and no longer, which the database decides;
 * V2 a new value that was made by itself is told once, to whoever may write keys, and stands sealed until then;
 * V3 a rotation is one transaction: a key never has a value that nobody can collect.
 */
export interface Rotation {
  readonly keyId: string;
  /** As it was given: `30d`; null: it does not rotate by itself. */
  readonly interval: string | null;
  readonly rotatesAt: Date | null;
  readonly rotatedAt: Date | null;
  readonly count: number;
  readonly formerUntil: Date | null;
  /** A new value waits to be collected. */
  readonly isWaiting: boolean;
}

export interface RotationSettings {
  /** How often keys are looked for that are to rotate. */
  readonly lookMs: number;
  /** For how long the value before is good as well; at most half of the interval. */
  readonly overlapMs: number;
}

/** The word for values that were replaced, in identity's look-up of credentials. */
export const FORMER_KIND = 'former-key' as const;
export const INTERVAL_SECONDS_MIN = 3_600;

export const sealedFor = ({ orgId, id }: { orgId: string; id: string }): string =>
  `key-rotation/${orgId}/${id}`;
