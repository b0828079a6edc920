import type { Tx } from '@sagewai/postgres';
import type { CallerKind, OrganizationId, ProblemCode } from '@sagewai/wire';

export type AuditDetails = Readonly<Record<string, string | number | boolean | null>>;

/** One entry of the audit log, before it is chained. Holds no secrets. */
export interface AuditRecord {
  /** Whose chain it belongs to; null: the platform's own. */
  readonly orgId: OrganizationId | null;
  readonly actor: {
    readonly kind: 'anonymous' | CallerKind;
    readonly id: string;
    readonly name: string;
  };
  /** The endpoint's id, `fleet.createEnrollmentKey`. */
  readonly action: string;
  /** What it was done to: as the handler named it, else the path without its query. */
  readonly subject: string;
  readonly outcome: 'ok' | ProblemCode;
  readonly requestId: string;
  readonly details: AuditDetails;
}

/** Appends audit entries. Implemented above the platform; wired where the process is built. */
export interface Auditor {
  /** Inside the handler's transaction: the entry commits with the change and fails with it. */
  succeeded(tx: Tx, record: AuditRecord): Promise<void>;
  /** In a transaction of its own. */
  refused(record: AuditRecord): Promise<void>;
}

/** What a handler says about the entry that is written for it. */
export interface AuditNote {
  /** Names what was acted upon, `worker:0197…`, and adds details. The last call counts. */
  about(subject: string, details?: AuditDetails): void;
}
