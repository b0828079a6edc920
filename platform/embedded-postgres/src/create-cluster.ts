/**
 * A data directory that is either absent or whole, with secrets of its own.
 *
 * It is built beside its place (`data.new`) and renamed, so a crash leaves something to throw away
 * and never something half made. What takes time (initdb, roles, the database) is done once for each
 * version and kept as a template in the user's cache; a new home is a copy of it. A template has no
 * passwords: without one nobody can sign in. They are set in the copy, in single-user mode, before a
 * server ever listens on it.
 *
 * Sign-in is by password (scram) although the socket's directory is 0700. Peer authentication would
 * be wrong in a user namespace: there every foreign user looks like nobody, the same as we do. Trust
 * would let in every other process that runs as nobody in mode `nobody`, and every local user through
 * TCP. The passwords are 192 random bits, so stretching them adds nothing and each connection pays.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import {
  chown,
  constants,
  cp,
  mkdir,
  open,
  readdir,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import type { Binaries } from './find-binaries.ts';
import type { Mode } from './home-layout.ts';
import { ensurePrivateDirectory } from './private-directory.ts';
import { commandAs, fileOwner, ownUid } from './run-as.ts';
import { runToEnd } from './run-to-end.ts';

export const SUPERUSER = 'postgres';
/** The login that migrates and serves: it owns the database and may make roles, and is bound by policies. */
export const LOGIN = 'sagewai';
export const DATABASE = 'sagewai';

/** Part of the template's key: a change here must not meet an older template. */
const TEMPLATE_RECIPE = 1;
const ABANDONED_AFTER_MS = 3_600_000;

const HOST_BASED_ACCESS = `local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
`;

export interface Making {
  readonly binaries: Binaries;
  readonly mode: Mode;
  readonly signal?: AbortSignal | undefined;
}

export interface Passwords {
  readonly superuser: string;
  readonly login: string;
}

export function makePasswords(): Passwords {
  const make = (): string => randomBytes(24).toString('base64url');
  return { superuser: make(), login: make() };
}

export async function createCluster(
  making: Making,
  target: { dataDir: string; cacheDir: string | null; fsync: boolean; passwords: Passwords },
): Promise<void> {
  const { dataDir, cacheDir, passwords } = target;
  const staging = `${dataDir}.new`;
  await rm(staging, { recursive: true, force: true });
  // In mode `nobody` the cache, which is root's, could not be read.
  const template =
    cacheDir === null || making.mode === 'nobody' ? null : await openTemplate(making, cacheDir);
  if (template === null) await initialize(making, staging);
  else await cp(template, staging, { recursive: true, mode: constants.COPYFILE_FICLONE });
  await setPasswords(making, staging, passwords);
  if (target.fsync) await runPart(making, 'initdb', ['-D', staging, '--sync-only']);
  await rename(staging, dataDir);
  if (target.fsync) await syncDirectory(dirname(dataDir));
}

/** Also mends a home whose password file was lost. */
export async function setPasswords(
  making: Making,
  dataDir: string,
  passwords: Passwords,
): Promise<void> {
  await runStatements(making, dataDir, [
    ...(making.binaries.major >= 16 ? ['set scram_iterations = 1'] : []),
    `alter role ${SUPERUSER} password '${passwords.superuser}'`,
    `alter role ${LOGIN} password '${passwords.login}'`,
  ]);
}

async function openTemplate(making: Making, cacheDir: string): Promise<string | null> {
  const key = createHash('sha256')
    .update([TEMPLATE_RECIPE, making.binaries.version, process.arch, HOST_BASED_ACCESS].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const template = join(cacheDir, `template-${making.binaries.version}-${key}`);
  try {
    // A foreign template would be a foreign program: its configuration can name libraries to load.
    await mkdir(dirname(cacheDir), { recursive: true, mode: 0o700 });
    await ensurePrivateDirectory(cacheDir, ownUid());
  } catch {
    return null;
  }
  if (existsSync(template)) return template;
  await removeAbandoned(cacheDir);
  const building = join(cacheDir, `building-${process.pid}-${randomBytes(4).toString('hex')}`);
  await initialize(making, building);
  // It outlives a crash of the machine that follows, so it must be on the disk before it has its name.
  await runPart(making, 'initdb', ['-D', building, '--sync-only']);
  try {
    await rename(building, template);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    if (!existsSync(template)) throw error;
  }
  return template;
}

async function removeAbandoned(cacheDir: string): Promise<void> {
  for (const name of await readdir(cacheDir)) {
    const path = join(cacheDir, name);
    if (!name.startsWith('building-')) continue;
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Date.now() }));
    if (Date.now() - mtimeMs > ABANDONED_AFTER_MS) await rm(path, { recursive: true, force: true });
  }
}

async function initialize(making: Making, dataDir: string): Promise<void> {
  await mkdir(dataDir, { mode: 0o700 });
  const owner = fileOwner(making.mode);
  if (owner !== ownUid()) await chown(dataDir, owner, owner);
  // Trust ends two lines below, before anything listens.
  await runPart(making, 'initdb', [
    '-D',
    dataDir,
    `--username=${SUPERUSER}`,
    '--auth=trust',
    '--no-sync',
    '--encoding=UTF8',
    ...localeArguments(making.binaries.major),
  ]);
  await writeFile(join(dataDir, 'pg_hba.conf'), HOST_BASED_ACCESS);
  await runStatements(making, dataDir, [
    `create role ${LOGIN} login createrole`,
    // Since 16 who makes a role may not yet become it; migrations make roles that requests run as.
    ...(making.binaries.major >= 16
      ? [`alter role ${LOGIN} set createrole_self_grant = 'set, inherit'`]
      : []),
    `create database ${DATABASE} owner ${LOGIN}`,
  ]);
}

/** Text sorts by code point everywhere, so an index means the same on every machine. */
function localeArguments(major: number): string[] {
  if (major >= 17) return ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'];
  return [process.platform === 'linux' ? '--locale=C.UTF-8' : '--locale=C'];
}

async function runPart(making: Making, part: 'initdb', args: readonly string[]): Promise<void> {
  const { binaries, mode, signal } = making;
  const command = commandAs(mode, join(binaries.dir, part), args);
  const done = await runToEnd({ ...command, libraryPath: binaries.libraryPath }, { signal });
  if (done.status !== 0) throw failed(part, done.stderr);
}

/** Single-user mode: one statement a line; it goes on after an error and still exits with 0. */
async function runStatements(
  making: Making,
  dataDir: string,
  statements: readonly string[],
): Promise<void> {
  const { binaries, mode, signal } = making;
  const args = ['--single', '-D', dataDir, '-c', 'log_statement=none', 'postgres'];
  const command = commandAs(mode, join(binaries.dir, 'postgres'), args);
  const input = `${statements.join('\n')}\n`;
  const done = await runToEnd({ ...command, libraryPath: binaries.libraryPath }, { input, signal });
  if (done.status !== 0 || /\b(?:ERROR|FATAL|PANIC):/.test(done.stderr)) {
    throw failed('postgres --single', done.stderr.replaceAll(/password '[^']*'/g, "password '…'"));
  }
}

function failed(what: string, stderr: string): EmbeddedPostgresError {
  const [line = 'no reason given'] = /^.*(?:error|ERROR|FATAL|PANIC):.*$/m.exec(stderr) ?? [
    stderr.trim(),
  ];
  return new EmbeddedPostgresError('start-failed', `${what} failed: ${line.trim()}`, {
    remedy: 'look at free disk space and at the rights on the home, then start again',
  });
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync();
  await handle.close();
}
