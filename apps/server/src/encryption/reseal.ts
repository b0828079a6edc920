import { fingerprintKey, type MasterKeys, open, seal } from '@sagewai/crypto';
import { type Db, inTenant, inTransaction, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { keysFor } from './purposes.ts';
import { countByKey, listUnder, replaceSealed, type SealedRow } from './reseal.sql.ts';
import type { SealedColumn } from './sealed-column.sql.ts';
import { SEALED_COLUMNS } from './sealed-columns.sql.ts';

/**
 * Moving rows from former keys to the present one, while servers run and write.
 *
 *   R1. A row that was changed meanwhile is not overwritten.
 *   R2. A row is moved by itself: whoever is killed leaves each under one key or the other, and the next
 *       round goes on with those that are left.
 *   R3. A key is no longer needed when two counts over every column, apart by so long that what was under way
 *       has ended, have found nothing under it that opens, and no server sealed with it when they began.
 */
export interface Resealing {
  /** As `sagewai_request`. */
  readonly db: Db;
  /** As `sagewai_dispatch`, for what belongs to no organization. */
  readonly dispatch: Db;
  readonly keys: MasterKeys;
  readonly organizations: (after: OrganizationId | undefined) => Promise<readonly OrganizationId[]>;
  readonly signal: AbortSignal;
}

export interface Moved {
  readonly moved: number;
  /** Somebody wrote them between our reading and our writing; the next round looks again. */
  readonly overtaken: number;
  /** Of each fingerprint: what stands under it and does not open. */
  readonly broken: ReadonlyMap<string, number>;
  /** False: it was told to stop. */
  readonly whole: boolean;
}

const ROWS_AT_ONCE = 100;

/** One round over everything that stands under a key other than the present one. */
export async function resealAll(of: Resealing): Promise<Moved> {
  const tally = { moved: 0, overtaken: 0, broken: new Map<string, number>() };
  for await (const { column, within } of places(of)) {
    const { how } = column;
    if (how.by === 'expiry') continue;
    const keys = keysFor(of.keys, column.purpose);
    const former = keys.slice(1).map(({ id }) => id);
    let after: string | null = null;
    for (;;) {
      if (of.signal.aborted) return { ...tally, whole: false };
      const from = { keyIds: former, after, limit: ROWS_AT_ONCE };
      const rows: SealedRow[] = await within((tx) => listUnder(tx, { ...column, how }, from));
      for (const row of rows) {
        if (of.signal.aborted) return { ...tally, whole: false };
        const context = how.contextOf(row.names);
        const opened = open(keys, row.sealed, context);
        if (opened.kind === 'refused') {
          const named = nameOf(of.keys, column, row.sealed);
          tally.broken.set(named, (tally.broken.get(named) ?? 0) + 1);
          continue;
        }
        const sealed = seal(keys[0], opened.data, context);
        opened.data.fill(0);
        const change = { id: row.id, was: row.sealed, sealed };
        const done = await within((tx) => replaceSealed(tx, { ...column, how }, change)); // R1, R2
        if (done) tally.moved += 1;
        else tally.overtaken += 1;
      }
      after = rows.at(-1)?.id ?? null;
      if (rows.length < ROWS_AT_ONCE) break;
    }
  }
  return { ...tally, whole: true };
}

export interface ColumnCount {
  readonly table: string;
  readonly column: string;
  /** By fingerprint; `unknown` is a key that this server was not given. */
  readonly under: ReadonlyMap<string, number>;
}

/** R3. What stands under which key, in every column. */
export async function countSealed(
  of: Omit<Resealing, 'signal'>,
): Promise<{ readonly columns: readonly ColumnCount[]; readonly under: (name: string) => number }> {
  const columns = SEALED_COLUMNS.map(({ table, column }) => {
    return { table, column, under: new Map<string, number>() };
  });
  for await (const { column, within, at } of places(of)) {
    const names = namesOf(of.keys, column);
    for (const { keyId, count } of await within((tx) => countByKey(tx, column))) {
      const under = columns[at]?.under;
      const name = names.get(keyId) ?? 'unknown';
      under?.set(name, (under.get(name) ?? 0) + count);
    }
  }
  const under = (name: string): number =>
    columns.reduce((sum, column) => sum + (column.under.get(name) ?? 0), 0);
  return { columns, under };
}

interface Place {
  readonly column: SealedColumn;
  readonly at: number;
  readonly within: <T>(work: (tx: Tx) => Promise<T>) => Promise<T>;
}

/** Every column; an isolated one once for each few organizations. */
async function* places({
  db,
  dispatch,
  organizations,
}: Pick<Resealing, 'db' | 'dispatch' | 'organizations'>): AsyncGenerator<Place> {
  for (const [at, column] of SEALED_COLUMNS.entries()) {
    if (!column.isolated) yield { column, at, within: (work) => inTransaction(dispatch, work) };
  }
  let after: OrganizationId | undefined;
  for (;;) {
    const ids = await organizations(after);
    if (ids.length === 0) return;
    for (const [at, column] of SEALED_COLUMNS.entries()) {
      if (column.isolated) yield { column, at, within: (work) => inTenant(db, ids, work) };
    }
    after = ids.at(-1);
  }
}

/** Ids in the heads of a column's texts → fingerprints of the keys that they are derived from. */
function namesOf(masters: MasterKeys, { purpose }: SealedColumn): ReadonlyMap<string, string> {
  const ids = keysFor(masters, purpose).map(({ id }) => id);
  return new Map(ids.map((id, at) => [id, fingerprintKey(masters[at] ?? masters[0])]));
}

const nameOf = (masters: MasterKeys, column: SealedColumn, sealed: string): string =>
  namesOf(masters, column).get(sealed.split('.')[1] ?? '') ?? 'unknown';
