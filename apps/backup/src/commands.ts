import { loadFunctions, loadMigrations } from '@sagewai/db';
import { checkLedger } from '@sagewai/ledger';
import type { ObjectStore } from '@sagewai/objects';
import { connect, migrate, openSession } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { nameFile, readArchive, writeArchive } from './archive-file.ts';
import { listOrganizations } from './catalog.sql.ts';
import { findKeyMistake, type GivenKeys } from './check-keys.ts';
import { collect, type Told } from './collect.ts';
import { examine, type Examined } from './examine.ts';
import { load, prepareSchema, RestoreRefused } from './load.ts';
import type { Contents, Header } from './manifest.ts';

export interface Common {
  readonly url: string;
  readonly objects: ObjectStore;
  readonly passphrase: string | null;
  readonly signal: AbortSignal;
  readonly onTold: (told: Told) => void;
}

export interface Summary {
  readonly file: string;
  readonly created_at: string;
  readonly schema_version: string | null;
  readonly tables: number;
  readonly rows: number;
  readonly objects: { readonly included: boolean; readonly count: number; readonly place: string };
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Fingerprints of replaced encryption keys that it needs, too. */
  readonly former_keys: readonly string[];
  readonly left_out: Readonly<Record<string, string>>;
}

function summarize(file: string, { header, contents }: Examined): Summary {
  return {
    file,
    created_at: header.createdAt,
    schema_version: header.migrations.at(-1)?.name ?? null,
    tables: contents.tables.length,
    rows: contents.tables.reduce((sum, { rows }) => sum + rows, 0),
    objects: {
      included: header.objects.included,
      count: contents.objects.count,
      place: header.objects.place,
    },
    fingerprints: header.fingerprints,
    former_keys: header.formerKeys ?? [],
    left_out: header.leftOut,
  };
}

export async function backUp(
  target: string,
  { url, objects, passphrase, signal, onTold }: Common,
): Promise<Summary & { readonly bytes: number }> {
  const createdAt = new Date();
  const file = await nameFile(target, createdAt, passphrase !== null);
  const session = await openSession(url);
  try {
    let kept: { header: Header; contents: Contents } | null = null;
    const entries = collect({ session, objects, createdAt, onTold, signal }, (header, contents) => {
      kept = { header, contents };
    });
    const bytes = await writeArchive(file, entries, { passphrase, signal });
    if (kept === null) throw new Error('the backup did not come to its end');
    return { ...summarize(file, kept), bytes };
  } finally {
    await session.close();
  }
}

export async function check(
  file: string,
  { passphrase, signal }: Pick<Common, 'passphrase' | 'signal'>,
): Promise<Summary> {
  return summarize(file, await examine(readArchive(file, passphrase), signal));
}

export async function restore(
  file: string,
  { url, objects, passphrase, signal, onTold }: Common,
  keys: GivenKeys | null,
): Promise<Summary> {
  const examined = await examine(readArchive(file, passphrase), signal);
  const { header } = examined;
  const mistake = keys === null ? null : findKeyMistake(keys, header);
  if (mistake !== null) throw new RestoreRefused(mistake);
  await prepareSchema(url, header);
  signal.throwIfAborted();
  await load({ url, objects, onTold, signal }, readArchive(file, passphrase), examined);
  await migrate({
    url,
    migrations: await loadMigrations(),
    functions: await loadFunctions(),
  });
  await checkMoney(url);
  return summarize(file, examined);
}

async function checkMoney(url: string): Promise<void> {
  const owner = await openSession(url);
  let organizations: OrganizationId[];
  try {
    organizations = await listOrganizations<OrganizationId>(owner);
  } finally {
    await owner.close();
  }
  const db = connect({ url, role: 'sagewai_request', maxConnections: 1 });
  try {
    const [mismatch] = await checkLedger(db, organizations);
    if (mismatch === undefined) return;
    throw new RestoreRefused(
      'everything is restored as it was, but a balance is not the sum of its rows: ' +
        `${mismatch.scopeKind} ${mismatch.scopeId}, ${mismatch.measure} per ${mismatch.period}`,
    );
  } finally {
    await db.close();
  }
}
