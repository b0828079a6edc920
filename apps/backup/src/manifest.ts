/** What an archive says of itself: first what it is, last what is in it. */

export const FIRST = 'backup.json';
export const LAST = 'manifest.json';
export const FORMAT = 1;

export interface Header {
  readonly format: number;
  readonly createdAt: string;
  readonly postgres: string;
  /** In the order in which they were applied; the last is the schema's version. */
  readonly migrations: readonly { readonly name: string; readonly checksum: string }[];
  /** Of the keys that the contents stand under; never a key. */
  readonly fingerprints: Readonly<Record<string, string>>;
  /** Fingerprints of encryption keys that were replaced, and that rows may still stand under. */
  readonly formerKeys?: readonly string[];
  readonly partitions: readonly Partition[];
  readonly tables: readonly TableShape[];
  /** Tables whose rows are left out, and why. */
  readonly leftOut: Readonly<Record<string, string>>;
  readonly objects: { readonly kind: string; readonly place: string; readonly included: boolean };
}

export interface Partition {
  readonly name: string;
  readonly parent: string;
  readonly bound: string;
  readonly isIsolated: boolean;
}

export interface TableShape {
  readonly name: string;
  readonly columns: readonly string[];
}

export interface Contents {
  readonly tables: readonly {
    readonly name: string;
    readonly rows: number;
    readonly digest: string;
  }[];
  readonly sequences: readonly Sequence[];
  readonly objects: { readonly count: number; readonly bytes: number; readonly digest: string };
}

export interface Sequence {
  readonly name: string;
  /** Text: it may be beyond what a number of JSON holds. */
  readonly value: string;
  readonly isCalled: boolean;
}

/** How the contents differ from what was counted, in lines for people. */
export function compareContents(wanted: Contents, found: Contents): string[] {
  const byName = new Map(found.tables.map((table) => [table.name, table]));
  const mistakes = wanted.tables.flatMap(({ name, rows, digest }) => {
    const other = byName.get(name);
    if (other === undefined) return rows === 0 ? [] : [`table ${name} is not there`];
    if (other.rows !== rows) return [`table ${name} has ${other.rows} rows instead of ${rows}`];
    return other.digest === digest
      ? []
      : [`the rows of table ${name} are not those that were backed up`];
  });
  const { count, digest } = wanted.objects;
  if (found.objects.count !== count) {
    mistakes.push(`there are ${found.objects.count} objects instead of ${count}`);
  } else if (found.objects.digest !== digest) {
    mistakes.push('the objects are not those that were backed up');
  }
  return mistakes;
}
