import { existsSync } from 'node:fs';
import { readdir, realpath, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';

import { readPasswords, urlOf } from './cluster-access.ts';
import { LOGIN } from './create-cluster.ts';
import { EmbeddedPostgresError } from './embedded-postgres-error.ts';
import { type Binaries, findBinaries, readDataMajor } from './find-binaries.ts';
import { layoutOf, type Mode } from './home-layout.ts';
import { findOwner, type Ownership } from './home-lock.ts';
import { findPostmaster } from './postmaster-file.ts';
import { chooseMode } from './run-as.ts';

export interface EmbeddedPostgresState {
  readonly home: string;
  readonly mode: Mode | null;
  readonly dataDir: string | null;
  readonly logFile: string | null;
  /** Major version of the data; `null` before the first start. */
  readonly dataMajor: number | null;
  /** What a start would run. */
  readonly binaries: Pick<Binaries, 'dir' | 'source' | 'version'> | null;
  /** Of the running postmaster. Running without an owner: a killed `up`; the next one adopts it. */
  readonly pid: number | null;
  /** How the server reaches it while it runs; null when it does not. A secret: it holds the password. */
  readonly url: string | null;
  readonly owner: Ownership;
  readonly dataBytes: number;
  readonly freeBytes: number;
  /** Why a start would fail, with its remedy. A home in use is not a problem. */
  readonly problem: EmbeddedPostgresError | null;
}

/** Looks at the PostgreSQL of a home and changes nothing but the links to its libraries. */
export async function inspectEmbeddedPostgres(
  home: string,
  options: { binDir?: string } = {},
): Promise<EmbeddedPostgresState> {
  const path = await realpath(home).catch(() => home);
  const mode = await settle(chooseMode(path));
  if (mode.problem !== null) return { ...NOTHING, home: path, problem: mode.problem };
  const layout = layoutOf(path, mode.value);
  const dataMajor = await readDataMajor(layout.dataDir);
  const linkDir = join(layout.root, 'lib');
  const binaries = await settle(findBinaries({ binDir: options.binDir, linkDir, dataMajor }));
  const exists = existsSync(layout.cluster);
  const postmaster = findPostmaster(layout.dataDir);
  const passwords = readPasswords(layout.passwordFile);
  return {
    home: path,
    mode: mode.value,
    dataDir: layout.dataDir,
    logFile: layout.logFile,
    dataMajor,
    binaries: binaries.value,
    pid: postmaster?.pid ?? null,
    url: postmaster && passwords && urlOf(postmaster, LOGIN, passwords.login),
    owner: findOwner(layout),
    dataBytes: await sizeOf(layout.dataDir),
    freeBytes: exists ? await freeBytesAt(layout.cluster) : 0,
    problem: binaries.problem,
  };
}

const NOTHING = {
  mode: null,
  dataDir: null,
  logFile: null,
  dataMajor: null,
  binaries: null,
  pid: null,
  url: null,
  owner: { kind: 'free' },
  dataBytes: 0,
  freeBytes: 0,
} as const satisfies Partial<EmbeddedPostgresState>;

type Settled<Value> =
  | { readonly value: Value; readonly problem: null }
  | { readonly value: null; readonly problem: EmbeddedPostgresError };

async function settle<Value>(work: Promise<Value>): Promise<Settled<Value>> {
  try {
    return { value: await work, problem: null };
  } catch (error) {
    if (error instanceof EmbeddedPostgresError) return { value: null, problem: error };
    throw error;
  }
}

async function freeBytesAt(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

/** PostgreSQL may remove files while we count; what is gone has no size. */
async function sizeOf(path: string): Promise<number> {
  const names = await readdir(path, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(path, name)).then(
        ({ blocks }) => blocks * 512,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}
