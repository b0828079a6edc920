/**
 * Why the embedded PostgreSQL cannot be used. Closed: what shows it to a user has a case for each.
 *
 * - `locked`: another process owns the home; `ownerPid` names it when it can be seen from here.
 * - `no-binaries`: no PostgreSQL of a supported version runs on this machine.
 * - `unsupported`: this user, platform or combination cannot run PostgreSQL.
 * - `foreign-directory`: a directory that must be private belongs to somebody else, or is a link.
 * - `version-mismatch`: the data was made by a major version that is not installed.
 * - `start-failed`, `stop-failed`: PostgreSQL said no, or nothing, in time.
 * - `aborted`: the caller's signal ended the start.
 */
export type EmbeddedPostgresReason =
  | 'locked'
  | 'no-binaries'
  | 'unsupported'
  | 'foreign-directory'
  | 'version-mismatch'
  | 'start-failed'
  | 'stop-failed'
  | 'aborted';

export class EmbeddedPostgresError extends Error {
  readonly reason: EmbeddedPostgresReason;
  /** One line for the user: what to do about it. */
  readonly remedy: string;
  readonly ownerPid: number | null;

  constructor(
    reason: EmbeddedPostgresReason,
    message: string,
    more: { remedy: string; ownerPid?: number | null; cause?: unknown },
  ) {
    super(message, more.cause === undefined ? undefined : { cause: more.cause });
    this.name = 'EmbeddedPostgresError';
    this.reason = reason;
    this.remedy = more.remedy;
    this.ownerPid = more.ownerPid ?? null;
  }
}

export const aborted = (): EmbeddedPostgresError =>
  new EmbeddedPostgresError('aborted', 'the start of PostgreSQL was given up', {
    remedy: 'start it again',
  });
