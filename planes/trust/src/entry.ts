/**
 * The audit log: who did what to what, when, and how it ended.
 *
 * One chain of entries for each organization and one for the platform itself. `contract/wire`'s
 * `evidence.ts` fixes what an entry's hash covers; the database function `audit_append` makes the
 * entries; `clients/verify` checks them without us.
 *
 * Invariants
 *   T1. A chain has no gaps: entry n is followed by n + 1, which carries the hash of n. Appending holds
 *       the lock of the chain's head until the transaction ends, so order of number is order of commit.
 *   T2. Whoever serves requests or dispatches can read and append, and never change, delete or empty.
 *   T3. A transaction appends to the chains of the organizations that it acts for, and to the
 *       platform's; it reads only those that it acts for.
 *   T4. An entry holds no secret: a detail with the name of one is refused, a text that looks like a
 *       credential is replaced.
 *   T5. An entry commits with the change that it records, or not at all.
 *   T6. Where one entry stands for many records, it names them and the digest of what they say.
 */
import type { AuditDetails } from '@sagewai/http';
import type { OrganizationId } from '@sagewai/wire';

export interface AuditEntry {
  /** `PLATFORM_CHAIN` for what belongs to no organization. */
  readonly orgId: OrganizationId;
  /** `<kind>:<id>` of the credential, `anonymous`, or the part of the system that acted by itself. */
  readonly actor: string;
  /** The endpoint's id, or the name of a transition: `run.claimed`. */
  readonly action: string;
  /** What it was done to: `worker:<id>`. */
  readonly subject: string;
  readonly outcome: string;
  /** Empty when no request caused it. */
  readonly requestId: string;
  readonly details: AuditDetails;
}

/** An entry as it is handed to the database: every text short, printable and free of secrets. */
export interface SealedEntry {
  readonly orgId: OrganizationId;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  readonly requestId: string;
  /** JSON text of one object. */
  readonly details: string;
}
