import { readFile } from 'node:fs/promises';
import { homedir, hostname, userInfo } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import {
  ConfigError,
  expandHome,
  formatDuration,
  parseDuration,
  readConfig,
} from '@sagewai/config';
import { parseMasterKey } from '@sagewai/crypto';
import { inspectEmbeddedPostgres } from '@sagewai/embedded-postgres';
import {
  type BreakGlass,
  BREAK_GLASS_MS_MAX,
  endBreakGlass,
  isId,
  isLive,
  listBreakGlass,
  makeBreakGlass,
} from '@sagewai/identity';
import { connect, type Db } from '@sagewai/postgres';
import type { TokenId } from '@sagewai/wire';

import { SERVER_FIELDS, type ServerConfig } from '../config.ts';
import type { Environment } from '../read-models.ts';
import { resolveSecrets } from '../secrets/resolve-secrets.ts';

const HELP = `Usage: sagewai break-glass --reason TEXT [--for 15m] [--home DIR] [--json]
       sagewai break-glass --list | --revoke ID | --revoke all

Makes a token that administers everything, for an emergency: owners or their identity provider are gone. Runs
where the server runs, with its database and encryption key. It ends by itself (an hour at most), works from the
first address that uses it, and is loud: each organization that it acts in has every request in its audit log,
and its webhooks and owners are told. --list and --revoke show and end them.
`;

const OPTIONS = {
  reason: { type: 'string' },
  for: { type: 'string' },
  list: { type: 'boolean' },
  revoke: { type: 'string' },
  home: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

interface Flags {
  readonly reason?: string;
  readonly for?: string;
  readonly list?: boolean;
  readonly revoke?: string;
  readonly home?: string;
  readonly json?: boolean;
}

/** Valid all the same where `up` brings the database. */
const UP_STARTS_IT = 'postgresql://localhost/sagewai';
const LIFETIME_MS = 900_000;
const REASON_LENGTH_MAX = 500;

/** Makes, lists and ends break-glass tokens. Returns the exit code. */
export async function breakGlass(
  words: readonly string[],
  env: Environment,
  print: (text: string) => void,
): Promise<number> {
  const { values } = parseArgs({ args: [...words], options: OPTIONS, strict: true });
  if (values.help === true) {
    print(HELP);
    return 0;
  }
  const asked = readAsked(values);
  const { config, home, url } = await findPlace(values, env);
  const dispatch = connect({ url, role: 'sagewai_dispatch', maxConnections: 1 });
  try {
    print(await perform(dispatch, asked, { config, home, json: values.json === true }));
    return 0;
  } finally {
    await dispatch.close();
  }
}

type Asked =
  | { readonly kind: 'list' }
  | { readonly kind: 'revoke'; readonly id: TokenId | null }
  | { readonly kind: 'make'; readonly reason: string; readonly lifetimeMs: number };

function readAsked(flags: Flags): Asked {
  if (flags.list === true) return { kind: 'list' };
  const { revoke } = flags;
  if (revoke !== undefined) {
    if (revoke !== 'all' && !isId(revoke)) {
      throw new ConfigError(['--revoke: expected the id of one (--list shows them), or all']);
    }
    return { kind: 'revoke', id: revoke === 'all' ? null : (revoke as TokenId) };
  }
  const reason = (flags.reason ?? '').trim();
  const lifetimeMs = flags.for === undefined ? LIFETIME_MS : parseDuration(flags.for, 'm');
  const mistakes = [
    ...(reason === '' || reason.length > REASON_LENGTH_MAX
      ? [`--reason: expected why, in 1 to ${REASON_LENGTH_MAX} characters`]
      : []),
    ...(lifetimeMs === null || lifetimeMs < 1_000 || lifetimeMs > BREAK_GLASS_MS_MAX
      ? [`--for: expected a duration up to ${formatDuration(BREAK_GLASS_MS_MAX)}, such as 15m`]
      : []),
  ];
  if (mistakes.length > 0) throw new ConfigError(mistakes);
  return { kind: 'make', reason, lifetimeMs: lifetimeMs ?? LIFETIME_MS };
}

interface Place {
  readonly config: ServerConfig;
  readonly home: string;
  readonly url: string;
}

async function findPlace(flags: Flags, given: Environment): Promise<Place> {
  const { environment: env } = await resolveSecrets(given, {
    settings: Object.keys(SERVER_FIELDS),
  });
  const hasDatabase = Boolean(env['DATABASE_URL']);
  const config = readConfig(SERVER_FIELDS, {
    flags: flags.home === undefined ? {} : { home: flags.home },
    environment: hasDatabase ? env : { ...env, DATABASE_URL: UP_STARTS_IT },
  });
  const home = expandHome(config.sagewaiHome, homedir());
  if (hasDatabase) return { config, home, url: config.databaseUrl };
  const { url } = await inspectEmbeddedPostgres(home);
  if (url !== null) return { config, home, url };
  throw new Error(`no server runs in ${home}, and there is no DATABASE_URL`);
}

async function perform(
  dispatch: Db,
  asked: Asked,
  { config, home, json }: Pick<Place, 'config' | 'home'> & { readonly json: boolean },
): Promise<string> {
  const by = `${userInfo().username}@${hostname()}`;
  const now = new Date();
  switch (asked.kind) {
    case 'list': {
      const all = await listBreakGlass(dispatch);
      if (json) return lineOf({ break_glass: all.map((one) => toWire(one, now)) });
      const lines = all.map((one) => textOf(one, now));
      return lines.length === 0 ? 'There was none.\n' : `${lines.join('\n')}\n`;
    }
    case 'revoke': {
      const ended = await endBreakGlass(dispatch, { id: asked.id, by });
      if (ended.length === 0 && asked.id !== null) {
        throw new Error(`there is no live break-glass token ${asked.id}`);
      }
      if (json) return lineOf({ ended: ended.map((one) => toWire(one, now)) });
      return `${ended.length} ended.\n`;
    }
    case 'make': {
      const keys = await readKeys(config, home);
      const { made, token } = await makeBreakGlass(dispatch, { ...asked, keys, by });
      if (json) return lineOf({ ...toWire(made, now), token });
      return (
        `${token}\n\nGood until ${made.expiresAt.toISOString()}, from the first address that uses it.\n` +
        `SAGEWAI_TOKEN=… sagewai accounts invite --org … --email … --role owner\n` +
        `End it when you are done: sagewai break-glass --revoke ${made.id}\n`
      );
    }
  }
}

/** As given, else as a server keeps them in this home. None is ever made here. */
async function readKeys(config: ServerConfig, home: string) {
  const kept = join(home, 'secrets', 'sagewai-encryption-key');
  const own =
    config.sagewaiEncryptionKey?.reveal() ?? (await readFile(kept, 'utf8').catch(() => '')).trim();
  if (own === '') {
    throw new Error(`give SAGEWAI_ENCRYPTION_KEY: it is not in ${kept}`);
  }
  const others = (config.sagewaiEncryptionKeysOther?.reveal() ?? '').split(',').filter(Boolean);
  return [own, ...others].map((text) => {
    const parsed = parseMasterKey(text);
    if (parsed.kind === 'refused') throw new Error(`an encryption key is refused: ${parsed.why}`);
    return parsed.key;
  });
}

const lineOf = (value: object): string => `${JSON.stringify(value)}\n`;

const toWire = (one: BreakGlass, now: Date) => ({
  id: one.id,
  reason: one.reason,
  created_at: one.createdAt.toISOString(),
  expires_at: one.expiresAt.toISOString(),
  used_at: one.usedAt?.toISOString() ?? null,
  used_address: one.usedAddress,
  revoked_at: one.revokedAt?.toISOString() ?? null,
  live: isLive(one, now),
});

function textOf(one: BreakGlass, now: Date): string {
  const used =
    one.usedAt === null
      ? 'never used'
      : `used since ${one.usedAt.toISOString()} from ${one.usedAddress}`;
  const state = isLive(one, now) ? `good until ${one.expiresAt.toISOString()}` : 'ended';
  return `${one.id}  ${state}, ${used}: ${one.reason}`;
}
