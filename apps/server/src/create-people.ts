import type { Clock } from '@sagewai/clock';
import { createSignIn, type SignIn, type TokenReader } from '@sagewai/identity';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import type { Letters } from '@sagewai/trust';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import type { ServerKeys } from './server-keys.ts';
import { signInSettings } from './sign-in-fields.ts';

/** People who sign in with accounts of their own. */
export function createPeople(of: {
  readonly config: ServerConfig;
  readonly keys: ServerKeys;
  readonly db: Db;
  readonly clock: Clock;
  readonly metrics: Metrics;
  readonly tokens: TokenReader;
  readonly letters: Letters | null;
}): SignIn {
  const { config, keys, ...parts } = of;
  return createSignIn({
    ...parts,
    settings: signInSettings(config),
    signing: keys.signing,
    totpKeys: keysFor(keys.sealing, 'account-totp'),
  });
}
