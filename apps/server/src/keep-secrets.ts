import { randomBytes, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { keepSecret } from '@sagewai/identity';
import { connect } from '@sagewai/postgres';

/** Where a secret of this start came from. */
export type SecretSource = 'given' | 'home' | 'database';

export interface KeptSecret {
  readonly value: string;
  readonly source: SecretSource;
  /** It did not exist before this start. */
  readonly made: boolean;
}

export interface SecretPlace {
  readonly home: string;
  /** The home was named by the operator: it is meant to last. */
  readonly homeIsNamed: boolean;
  /** The owner's connection: only it reaches the table of kept secrets. */
  readonly ownerUrl: string;
}

/**
 * The configured value, else the one that was made at first start. It is kept in the home (0600); a
 * server whose home does not last (a container without a volume) keeps it in a table that only the
 * owner of the database can read, and `doctor` asks for a proper one.
 */
export async function keepOrMakeSecret(
  name: string,
  given: string | null,
  place: SecretPlace,
): Promise<KeptSecret> {
  if (given !== null) return { value: given, source: 'given', made: false };
  const file = join(place.home, 'secrets', name.toLowerCase().replaceAll('_', '-'));
  if (!place.homeIsNamed && !existsSync(file) && isContainer()) return keepInDatabase(name, place);
  try {
    return await keepInHome(file);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? '';
    if (!['EACCES', 'EROFS', 'EPERM', 'ENOENT'].includes(code)) throw error;
    return keepInDatabase(name, place);
  }
}

const makeSecret = (): string => randomBytes(32).toString('base64url');

/** Two servers that start at once on one home get the same: the first link wins. */
async function keepInHome(file: string): Promise<KeptSecret> {
  const kept = await readSecret(file);
  if (kept !== null) return { value: kept, source: 'home', made: false };
  await mkdir(join(file, '..'), { recursive: true, mode: 0o700 });
  // Not by process id: containers that share a volume are all process 1.
  const draft = `${file}.${randomUUID()}`;
  const value = makeSecret();
  await writeFile(draft, `${value}\n`, { mode: 0o600 });
  try {
    await link(draft, file);
    return { value, source: 'home', made: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return { value: (await readSecret(file)) ?? value, source: 'home', made: false };
  } finally {
    await rm(draft, { force: true });
  }
}

async function readSecret(file: string): Promise<string | null> {
  try {
    return (await readFile(file, 'utf8')).trim() || null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

async function keepInDatabase(name: string, { ownerUrl }: SecretPlace): Promise<KeptSecret> {
  const owner = connect({ url: ownerUrl, role: null, maxConnections: 1 });
  try {
    const made = makeSecret();
    const value = await keepSecret(owner, { name, value: made });
    return { value, source: 'database', made: value === made };
  } finally {
    await owner.close();
  }
}

function isContainer(): boolean {
  return ['/.dockerenv', '/run/.containerenv', '/var/run/secrets/kubernetes.io'].some(existsSync);
}
