import type { Clock } from '@sagewai/clock';
import { createPublicEgress } from '@sagewai/egress';
import type { Route, ServerCertificate } from '@sagewai/http';
import { createScim, createSso } from '@sagewai/identity';
import type { Db } from '@sagewai/postgres';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import type { ServerKeys } from './server-keys.ts';
import { signInSettings } from './sign-in-fields.ts';

/** What organizations' own identity providers do here: people sign in at them, and they keep users in step. */
export function createIdentityProviders(of: {
  readonly config: ServerConfig;
  readonly keys: ServerKeys;
  readonly db: Db;
  readonly clock: Clock;
  readonly certificate: ServerCertificate | null;
}): { readonly routes: readonly Route[]; readonly close: () => Promise<void> } {
  const { config, keys, db, clock } = of;
  const { publicUrl } = config;
  const isSecure = of.certificate !== null;
  const egress = createPublicEgress({
    privateHosts: config.ssoPrivateHosts,
    timeoutMs: config.ssoTimeoutMs,
  });
  const sso = createSso({
    db,
    clock,
    egress,
    sealing: keysFor(keys.sealing, 'sso'),
    publicUrl,
    isSecure,
    sessions: signInSettings(config).sessions,
    settings: {
      clockToleranceMs: config.ssoClockToleranceMs,
      discoveryTtlMs: config.ssoDiscoveryTtlMs,
      loginTtlMs: config.ssoLoginTtlMs,
      handoverTtlMs: config.ssoHandoverTtlMs,
      startsPerMinute: config.ssoStartsPerMinute,
    },
  });
  const scim = createScim({ publicUrl, isSecure });
  return { routes: [...sso.routes, ...scim.routes], close: () => egress.close() };
}
