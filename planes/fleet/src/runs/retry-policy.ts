import type { BodyOf, submitRun } from '@sagewai/wire';

export type WirePolicy = NonNullable<BodyOf<typeof submitRun>['retry']>;
type WireWaits = Omit<WirePolicy, 'classes'>;

/** A policy whose every field is decided, as `fleet_retry_delay` reads it. */
export interface RetryPolicy {
  readonly max_attempts: number;
  readonly base_ms: number;
  readonly factor: number;
  readonly max_ms: number;
  readonly jitter: number;
  readonly classes: Readonly<Record<string, boolean | WireWaits>>;
}

const DEFAULTS = { base_ms: 1_000, factor: 2, max_ms: 300_000, jitter: 0.2 } as const;

/** Null: the submission has no policy, so a failure is final unless its worker asks for another attempt. */
export function retryPolicyOf(
  policy: WirePolicy | undefined,
  maxAttempts: number,
): RetryPolicy | null {
  if (policy === undefined) return null;
  const { classes = {}, ...waits } = policy;
  return { ...DEFAULTS, ...waits, max_attempts: waits.max_attempts ?? maxAttempts, classes };
}

/** How many attempts a run may have in all: no class may have more. */
export function maxAttemptsOf(
  asked: number | undefined,
  policy: WirePolicy | undefined,
  otherwise: number,
): number {
  const ofClasses = Object.values(policy?.classes ?? {}).map((rule) =>
    typeof rule === 'object' ? (rule.max_attempts ?? 0) : 0,
  );
  return asked ?? Math.max(policy?.max_attempts ?? otherwise, ...ofClasses);
}
