import { ensureDeclaredKey } from '@sagewai/fleet';
import {
  ensureAdministrator,
  ensureOrganization,
  ensureSetupToken,
  listOrganizationIds,
} from '@sagewai/identity';
import type { Log } from '@sagewai/log';

import type { ServerConfig } from './config.ts';
import { aliveMs } from './encryption/encryption-jobs.ts';
import { keepOrMakeSecret, type SecretPlace } from './keep-secrets.ts';
import type { Databases } from './open-database.ts';
import { checkServerKeys, parseServerKeys, type ServerKeys } from './server-keys.ts';

/** The keys of this server: as given, as kept, or made now. Throws when the database knows others. */
export async function findKeys(
  config: ServerConfig,
  place: SecretPlace,
  { databases, log }: { readonly databases: Databases; readonly log: Log },
): Promise<ServerKeys> {
  const find = async (name: string, given: string | null): Promise<string> => {
    const { value, source, made } = await keepOrMakeSecret(name, given, place);
    if (made) log.warn(`${name} was missing: one was made, and is kept`, { where: source });
    return value;
  };
  const jwtSecret = await find('JWT_SECRET', config.jwtSecret?.reveal() ?? null);
  const encryptionKey = await find(
    'SAGEWAI_ENCRYPTION_KEY',
    config.sagewaiEncryptionKey?.reveal() ?? null,
  );
  const others = (config.sagewaiEncryptionKeysOther?.reveal() ?? '').split(',').filter(Boolean);
  const keys = parseServerKeys(jwtSecret, encryptionKey, others);
  return checkServerKeys(databases.dispatch, keys, {
    aliveMs: aliveMs(config.encryptionSeenIntervalMs),
    log,
  });
}

/** What this start has made, and nobody can read again; null: there was one. */
export interface FirstTokens {
  readonly administrator: string | null;
  /** Makes the first owner's account, once. */
  readonly setup: string | null;
}

/** Makes the administrator and the first organization, if there are none; `show` tells a made token. */
export async function ensureFirst(
  config: ServerConfig,
  { request, dispatch }: Databases,
  {
    keys,
    log,
    show,
  }: {
    readonly keys: ServerKeys;
    readonly log: Log;
    readonly show: (made: FirstTokens) => void;
  },
): Promise<void> {
  const administrator = await ensureAdministrator(dispatch, {
    token: config.sagewaiAdminToken?.reveal(),
  });
  const setup = await ensureSetupToken(dispatch, keys.signing);
  const made = administrator.kind === 'made' ? administrator.token : null;
  if (made !== null || setup !== null) show({ administrator: made, setup });
  const known = await listOrganizationIds(request, { limit: 1 });
  const declared = config.sagewaiBootstrapEnrollmentKey;
  if (known.length > 0 && declared === null) return;
  const { organization, created } = await ensureOrganization(request, {
    name: config.sagewaiOrganization,
    actor: 'server',
  });
  if (created) log.info('the first organization was made', { organization: organization.name });
  if (declared === null) return;
  const ensured = await ensureDeclaredKey(request, {
    key: declared.reveal(),
    orgId: organization.id,
    pools: config.sagewaiBootstrapEnrollmentPools,
    models: config.sagewaiBootstrapEnrollmentModels,
    usesMax: config.sagewaiBootstrapEnrollmentUsesMax,
    lifeMs: config.sagewaiBootstrapEnrollmentLifetimeMs,
  });
  if (ensured === 'made') log.info('the declared enrollment key was made');
}
