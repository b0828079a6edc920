import type { KeyObject } from 'node:crypto';

import type { Clock } from '@sagewai/clock';
import { deriveKey, type SealingKey } from '@sagewai/crypto';
import type { Route } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import type { Letters } from '@sagewai/trust';

import { administrationRoutes } from '../accounts/administration-routes.ts';
import { ownAccountRoutes } from '../accounts/own-account-routes.ts';
import { createPasswordKeeper } from '../accounts/password-keeper.ts';
import { forgottenPasswordRoute } from '../invitations/forgotten-password.ts';
import { invitationRoutes } from '../invitations/invitation-routes.ts';
import { resetRoutes } from '../invitations/reset-routes.ts';
import { setupRoute } from '../invitations/setup-route.ts';
import { setupKeyOf } from '../invitations/setup-token.ts';
import { passkeyRoutes } from '../passkeys/passkey-routes.ts';
import { createSessionReader, type SessionReader } from '../sessions/session-reader.ts';
import { sessionRoutes } from '../sessions/session-routes.ts';
import type { TokenReader } from '../token-reader.ts';
import { createSignInMeters } from './meters.ts';
import { passwordRoutes } from './password-routes.ts';
import type { SignInParts, SignInSettings } from './sign-in.ts';
import { createThrottle } from './throttle.ts';

export interface SignInOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tokens: TokenReader;
  /** Null: links are shown to whoever asks for them. */
  readonly letters: Letters | null;
  readonly settings: SignInSettings;
  /** Everything that is signed or mixed into hashes is derived from it. */
  readonly signing: KeyObject;
  /** Seal the secrets of authenticator apps: the present key, and those that it replaced. */
  readonly totpKeys: readonly [SealingKey, ...SealingKey[]];
}

export interface SignIn {
  readonly sessions: SessionReader;
  readonly routes: readonly Route[];
}

/** Accounts with passwords and passkeys, their sessions, and how people come to have one. */
export function createSignIn(options: SignInOptions): SignIn {
  const { db, clock, settings, signing } = options;
  const sessions = createSessionReader({
    db,
    clock,
    settings: settings.sessions,
    publicUrl: settings.publicUrl,
  });
  const parts: SignInParts = {
    db,
    clock,
    settings,
    sessions,
    tokens: options.tokens,
    letters: options.letters,
    passwords: createPasswordKeeper({
      cost: settings.passwordCost,
      pepper: deriveKey(signing, 'password-pepper'),
    }),
    throttle: createThrottle({
      db,
      key: deriveKey(signing, 'sign-in-throttle'),
      limits: settings.throttle,
    }),
    meters: createSignInMeters(options.metrics),
    challengeKey: deriveKey(signing, 'sign-in-challenge'),
    setupKey: setupKeyOf(signing),
    totpKeys: options.totpKeys,
  };
  return {
    sessions,
    routes: [
      ...passwordRoutes(parts),
      ...passkeyRoutes(parts),
      ...sessionRoutes(parts),
      ...ownAccountRoutes(parts),
      ...administrationRoutes(parts),
      ...invitationRoutes(parts),
      ...resetRoutes(parts),
      forgottenPasswordRoute(parts),
      setupRoute(parts),
    ],
  };
}
