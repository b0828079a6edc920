import type { Clock } from '@sagewai/clock';
import type { SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import type { Route } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';

import type { SessionSettings } from '../sessions/session.ts';
import { connectionRoutes } from './connection-routes.ts';
import { exchangeRoute } from './exchange-route.ts';
import { finishRoute } from './finish-sign-in.ts';
import { lazyOidcClient } from './lazy-oidc-client.ts';
import type { OidcSettings } from './oidc-client.ts';
import { signOutRoute } from './sign-out-route.ts';
import { createStartAllowance } from './start-allowance.ts';
import { startRoute } from './start-sign-in.ts';

export interface SsoSettings extends OidcSettings {
  /** How long somebody may take at the provider. */
  readonly loginTtlMs: number;
  /** How long a command line may take to come for its session. */
  readonly handoverTtlMs: number;
  /** Sign-ins that one address may begin in a minute. */
  readonly startsPerMinute: number;
}

export interface SsoOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly egress: PublicEgress;
  /** The present key, and those it replaced. */
  readonly sealing: readonly [SealingKey, ...SealingKey[]];
  /** The address under which browsers know this server; null: the one that they ask. */
  readonly publicUrl: string | null;
  /** Whether this server itself serves HTTPS. */
  readonly isSecure: boolean;
  readonly sessions: SessionSettings;
  readonly settings: SsoSettings;
}

/** Sign-in at identity providers of organizations. */
export function createSso(of: SsoOptions): { readonly routes: readonly Route[] } {
  const { db, clock, egress, sealing, publicUrl, isSecure, sessions, settings } = of;
  const monotonicMs = (): number => clock.monotonicMs();
  const client = lazyOidcClient({ egress, settings, monotonicMs });
  const signIn = {
    db,
    client,
    sealing,
    publicUrl,
    isSecure,
    sessions,
    ...settings,
    admit: createStartAllowance(settings.startsPerMinute, monotonicMs),
  };
  return {
    routes: [
      ...connectionRoutes({ db, sealing, egress, client, publicUrl }),
      startRoute(signIn),
      finishRoute(signIn),
      exchangeRoute(signIn),
      signOutRoute(signIn),
    ],
  };
}
