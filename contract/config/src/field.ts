/**
 * A field of a process's configuration. It is named by its environment variable, upper snake case,
 * units included (`LEASE_TTL_MS`); in code it becomes camel case (`leaseTtlMs`). A duration is
 * written with its own unit (`LEASE_TTL=30s`) and comes out in milliseconds (`leaseTtlMs`).
 */
export interface Field<Value = unknown, Kind extends string = string> {
  readonly kind: Kind;
  /** One sentence for `config explain`. */
  readonly description: string;
  /** How it is spelt as a flag, without the dashes; null when it cannot be one. */
  readonly flag: string | null;
  /** Ends the sentence “expected …”. Never holds a value that somebody gave. */
  readonly expected: string;
  readonly read: (text: string) => Reading<Value>;
  /** The text shown for a value; a secret hides itself. */
  readonly show: (value: Value) => string;
  readonly fallback: Fallback<Value>;
}

export type Reading<Value> =
  | { readonly kind: 'read'; readonly value: Value }
  /** `why` replaces “expected …” where a field knows better. */
  | { readonly kind: 'refused'; readonly why?: string };

type Fallback<Value> =
  | { readonly kind: 'required' }
  | { readonly kind: 'default'; readonly value: Value };

export interface FieldOptions<Value, Default> {
  readonly description: string;
  /** Without one the field is required; `null` means that it may be absent. */
  readonly default?: Default;
  readonly flag?: string;
  /** A further condition: null, or why not (without the value, which may be secret). */
  readonly check?: (value: Value) => string | null;
}

// A field of any value: `show` makes Field contravariant, and nothing here depends on the value.
// oxlint-disable-next-line typescript/no-explicit-any
export type AnyField = Field<any>;

export type Fields = Readonly<Record<string, AnyField>>;

type Camel<Name extends string> = Name extends `${infer Head}_${infer Tail}`
  ? `${Lowercase<Head>}${Capitalize<Camel<Tail>>}`
  : Lowercase<Name>;

type KeyOf<Name extends string, Kind> = Kind extends 'duration' ? `${Camel<Name>}Ms` : Camel<Name>;

/** What `readConfig` returns for these fields: nothing in it is optional. */
export type Config<Declared extends Fields> = {
  readonly [
    Name in keyof Declared & string as KeyOf<Name, Declared[Name]['kind']>
  ]: Declared[Name] extends Field<infer Value> ? Value : never;
};

/** The name in code of a field. */
export function keyOf(name: string, kind: string): string {
  const camel = name
    .toLowerCase()
    .replaceAll(/_+([a-z0-9])/g, (_, next: string) => next.toUpperCase());
  return kind === 'duration' ? `${camel}Ms` : camel;
}
