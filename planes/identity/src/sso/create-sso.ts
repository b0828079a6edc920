import type { Clock } from '@sagewai/clock';
import type { SealingKey } from '@sagewai/crypto';
import type { PublicEgress } from '@sagewai/egress';
import type { Route } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';

import { connectionRoutes } from './connection-routes.ts';
import { createOidcClient, type OidcSettings } from './oidc-client.ts';

export interface SsoOptions {
  readonly db: Db;
  readonly clock: Clock;
  readonly egress: PublicEgress;
  /** The present key, and those it replaced. */
  readonly sealing: readonly [SealingKey, ...SealingKey[]];
  /** The address under which browsers know this server; null: the one that they ask. */
  readonly publicUrl: string | null;
  readonly settings: OidcSettings;
}

/** Sign-in at identity providers of organizations. */
export function createSso(of: SsoOptions): { readonly routes: readonly Route[] } {
  const { db, clock, egress, sealing, publicUrl, settings } = of;
  const client = createOidcClient({ egress, settings, monotonicMs: () => clock.monotonicMs() });
  return { routes: connectionRoutes({ db, sealing, egress, client, publicUrl }) };
}
