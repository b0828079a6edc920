/**
 * Break-glass: a way in for an emergency (the owners are gone, the identity provider is), for whoever may run
 * commands beside the server. Invariants:
 *   G1. Only a command on the host makes one: with a connection as `sagewai_dispatch`, the encryption key of this
 *       database, and a reason. No request does, and none makes it live longer.
 *   G2. It ends by itself, after an hour at most, and so do the tokens that are made with it. It works from the
 *       address that used it first, and from no other.
 *   G3. It is loud: every request by it stands in the chain of the organization that it acts for, reads as well;
 *       the organization's webhooks and owners are told at the first one; it is counted; `doctor` warns of it.
 *   G4. It is not an administrator: whether the platform has one is decided without it.
 *   G5. What it makes that opens anything (tokens, keys of models, enrollment keys, worker tokens, invitations, links)
 *       ends when it was to end, and so does what those make. Accounts that somebody has become by then stay.
 *   G6. What names no organization or project that there is goes nowhere: it takes no address, and is told of.
 */
import type { TokenId } from '@sagewai/wire';

export interface BreakGlass {
  readonly id: TokenId;
  readonly name: string;
  readonly reason: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  /** First; null: it was not used. */
  readonly usedAt: Date | null;
  readonly usedAddress: string | null;
  readonly revokedAt: Date | null;
}

/** G2. What the table holds it to. */
export const BREAK_GLASS_MS_MAX = 3_600_000;

export const isLive = ({ revokedAt, expiresAt }: BreakGlass, now: Date): boolean =>
  revokedAt === null && expiresAt > now;
