import type { KeyId, OrganizationId, ProjectId, ReservationId, RunId } from '@sagewai/wire';

/** How a call found its way, as the gateway tells it when the call is settled. */
export interface RoutingNote {
  /** How many other models the call was sent to. */
  readonly fallbackIndex: number;
  readonly failedAttempts: number;
  /** Of W3C's trace context, if the caller sent one. */
  readonly traceId: string | null;
  /** JSON. Kept as it is: the audit log has its digest. */
  readonly decision: string;
}

/** The same, as it is kept. Never changed. */
export interface RoutingDecision {
  readonly id: ReservationId;
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
  readonly keyId: KeyId | null;
  readonly runId: RunId | null;
  readonly at: Date;
  readonly model: string;
  readonly deployment: string;
  readonly provider: string | null;
  readonly fallbackIndex: number;
  readonly failedAttempts: number;
  readonly traceId: string | null;
  readonly decision: string;
}
