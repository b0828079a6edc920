import { readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { parseArgs } from 'node:util';

import { ConfigError, expandHome, readConfig } from '@sagewai/config';
import { configuredStore, resolveSecrets, SERVER_FIELDS, type ServerConfig } from '@sagewai/server';

import { findKeys } from './check-keys.ts';
import type { Told } from './collect.ts';
import { backUp, check, type Common, restore, type Summary } from './commands.ts';
import { findDatabase } from './find-database.ts';

const HELP = {
  backup: `Usage: sagewai backup FILE|DIR [--home DIR] [--passphrase-file FILE] [--json]

Writes everything that stands in the database, from one snapshot, and the files of the object store. A server
may go on meanwhile. The keys are not in it: keep SAGEWAI_ENCRYPTION_KEY and JWT_SECRET apart.
`,
  restore: `Usage: sagewai restore FILE [--home DIR] [--passphrase-file FILE] [--without-keys] [--check] [--json]

Brings a backup into an empty database, brings its schema up to date, and verifies rows, audit log and money.
--check only reads the file. The keys of the backup must be here, unless --without-keys says otherwise.
`,
} as const;

const OPTIONS = {
  home: { type: 'string' },
  'passphrase-file': { type: 'string' },
  'without-keys': { type: 'boolean' },
  check: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Flags = ReturnType<typeof parse>['values'];

/** `backup …` or `restore …`. Returns the process's exit code. */
export async function main(words: readonly string[]): Promise<number> {
  const [word, ...rest] = words;
  const command = word === 'restore' ? 'restore' : 'backup';
  let parsed: ReturnType<typeof parse>;
  try {
    parsed = parse(rest);
  } catch (error) {
    return misused(command, (error as Error).message);
  }
  const [file, ...more] = parsed.positionals;
  if (parsed.values.help === true) {
    process.stdout.write(HELP[command]);
    return 0;
  }
  if (file === undefined || more.length > 0) return misused(command, 'say one file');
  const stop = new AbortController();
  const onSignal = (): void => stop.abort(new Error('interrupted: nothing was left behind'));
  process.once('SIGINT', onSignal).once('SIGTERM', onSignal);
  try {
    const summary = await perform(command, file, { flags: parsed.values, signal: stop.signal });
    tell(command, summary, parsed.values);
    return 0;
  } catch (error) {
    const why = stop.signal.aborted ? (stop.signal.reason as Error).message : messageOf(error);
    if (parsed.values.json === true) process.stdout.write(`${JSON.stringify({ error: why })}\n`);
    process.stderr.write(`${why}\n`);
    return 1;
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
  }
}

const parse = (words: readonly string[]) =>
  parseArgs({ args: [...words], options: OPTIONS, strict: true, allowPositionals: true });

function misused(command: keyof typeof HELP, why: string): number {
  process.stderr.write(`${why}\n(\`sagewai ${command} --help\` says more)\n`);
  return 2;
}

const messageOf = (error: unknown): string =>
  error instanceof ConfigError
    ? error.mistakes.join('\n')
    : error instanceof Error
      ? error.message
      : String(error);

async function perform(
  command: keyof typeof HELP,
  file: string,
  { flags, signal }: { readonly flags: Flags; readonly signal: AbortSignal },
): Promise<Summary> {
  const passphrase = await readPassphrase(flags);
  if (flags.check === true) return check(file, { passphrase, signal });
  const { config, ownerUrl } = await readSettings(flags);
  const home = expandHome(config.sagewaiHome, homedir());
  const mayMake = command === 'restore';
  const database = await findDatabase({ home, ownerUrl, mayMake, signal });
  if (database === null) throw new Error(`there is no data in ${home}, and no DATABASE_URL`);
  const objects = configuredStore(config);
  const common: Common = { url: database.url, objects, passphrase, signal, onTold: say(flags) };
  try {
    if (command === 'backup') return await backUp(file, common);
    const given = {
      JWT_SECRET: config.jwtSecret?.reveal() ?? null,
      SAGEWAI_ENCRYPTION_KEY: config.sagewaiEncryptionKey?.reveal() ?? null,
      SAGEWAI_ENCRYPTION_KEYS_OTHER: config.sagewaiEncryptionKeysOther?.reveal() ?? null,
    };
    const keys = flags['without-keys'] === true ? null : await findKeys(home, given);
    return await restore(file, common, keys);
  } finally {
    await objects.close();
    await database.close();
  }
}

/** Valid all the same where `up` brings the database. */
const UP_STARTS_IT = 'postgresql://localhost/sagewai';

async function readSettings(
  flags: Flags,
): Promise<{ config: ServerConfig; ownerUrl: string | null }> {
  const settings = Object.keys(SERVER_FIELDS);
  const { environment: env } = await resolveSecrets(process.env, { settings });
  const hasDatabase = Boolean(env['DATABASE_URL']);
  const environment = hasDatabase ? env : { ...env, DATABASE_URL: UP_STARTS_IT };
  const config = readConfig(SERVER_FIELDS, {
    flags: flags.home === undefined ? {} : { home: flags.home },
    environment,
  });
  return {
    config,
    ownerUrl: hasDatabase ? (config.migrationDatabaseUrl ?? config.databaseUrl) : null,
  };
}

async function readPassphrase(flags: Flags): Promise<string | null> {
  const file = flags['passphrase-file'];
  if (file === undefined) return null;
  const text = (await readFile(file, 'utf8')).replace(/\r?\n$/, '');
  if (text.length >= 12) return text;
  throw new Error(
    'the passphrase has fewer than 12 characters: whoever has the file could guess it',
  );
}

const say =
  (flags: Flags) =>
  ({ table, rows }: Told): void => {
    if (flags.json === true || rows === 0) return;
    process.stderr.write(`  ${table.padEnd(32)} ${rows}\n`);
  };

function tell(command: keyof typeof HELP, summary: Summary, flags: Flags): void {
  if (flags.json === true) {
    process.stdout.write(`${JSON.stringify(summary)}\n`);
    return;
  }
  const { file, tables, rows, objects, fingerprints, left_out: leftOut } = summary;
  const done =
    flags.check === true ? 'is whole' : command === 'backup' ? 'is written' : 'is restored';
  const lines = [
    `${file} ${done}: ${rows} rows of ${tables} tables, ${objects.count} objects`,
    ...(objects.included ? [] : [`not in it: the objects in ${objects.place}`]),
    ...Object.entries(leftOut).map(([table, why]) => `not in it: table ${table}; ${why}`),
    ...summary.former_keys.map(
      (former) => `it needs the former encryption key with the fingerprint ${former}, too`,
    ),
    ...Object.entries(fingerprints).map(
      ([name, fingerprint]) => `it needs the ${name} with the fingerprint ${fingerprint}`,
    ),
  ];
  process.stdout.write(`${lines.join('\n')}\n`);
}
