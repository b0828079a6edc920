/**
 * How people prove who they are, and the sessions in which they then work.
 *
 * Invariants
 *   A1. A session is good until it is ended, unused for too long, or too old, and while its account is
 *       active. A second after it is not, no replica accepts it.
 *   A2. A password is kept as argon2id with a pepper that is not in the database; one that was made at
 *       another cost is made anew when its owner signs in.
 *   A3. An attempt is counted, by account and by address, before it is looked at, for all replicas. An
 *       account that is not there answers as one whose password was wrong, and as late.
 *   A4. A code is good once. The secret of an authenticator app is sealed; recovery codes are hashes.
 *   A5. A challenge is answered once, for the purpose and the account that it was made for.
 *   A6. The setup token makes one owner, once, and is not in the database.
 *   A7. A link makes one account, or sets one password, once; not when it is revoked or too old.
 *   A8. What changes how somebody signs in, or who may, asks for a proof of late. The pipeline does, by
 *       the declaration of the endpoint.
 *   A9. A cookie alone changes nothing: the request must come from our own pages, or from no page.
 */
import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import type { PasswordCost, SealingKey } from '@sagewai/crypto';
import type { Db } from '@sagewai/postgres';
import type { Letters } from '@sagewai/trust';

import type { PasswordKeeper } from '../accounts/password-keeper.ts';
import type { SessionReader } from '../sessions/session-reader.ts';
import type { SessionSettings } from '../sessions/session.ts';
import type { TokenReader } from '../token-reader.ts';
import type { ThrottleLimits } from './decide-throttle.ts';
import type { SignInMeters } from './meters.ts';
import type { Throttle } from './throttle.ts';

export interface SignInSettings {
  readonly sessions: SessionSettings;
  readonly throttle: ThrottleLimits;
  readonly passwordCost: PasswordCost;
  readonly invitationMs: number;
  readonly passwordResetMs: number;
  /** Where browsers reach this server; null: as each request says. */
  readonly publicUrl: string | null;
}

/** What the parts of signing in share. */
export interface SignInParts {
  readonly db: Db;
  readonly clock: Clock;
  readonly settings: SignInSettings;
  readonly passwords: PasswordKeeper;
  readonly throttle: Throttle;
  readonly sessions: SessionReader;
  readonly tokens: TokenReader;
  readonly letters: Letters | null;
  readonly meters: SignInMeters;
  readonly challengeKey: KeyObject;
  readonly setupKey: KeyObject;
  readonly totpKeys: readonly [SealingKey, ...SealingKey[]];
}
