/** The types of model declarations, which are few: objects, arrays, unions and names. */
export type Shape =
  | {
      readonly kind: 'object';
      readonly fields: ReadonlyMap<string, Shape>;
      readonly others: Shape | null;
      /** Names of what it extends. */
      readonly parents: readonly string[];
    }
  | { readonly kind: 'array'; readonly of: Shape }
  | { readonly kind: 'union'; readonly of: readonly Shape[] }
  | { readonly kind: 'name'; readonly name: string };

export interface Declarations {
  readonly interfaces: ReadonlyMap<string, Shape>;
  /** The local name of what stands elsewhere, and where. */
  readonly imports: ReadonlyMap<string, string>;
  /** What a declaration is also called outside. */
  readonly aliases: ReadonlyMap<string, string>;
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[\w$]+|[^\s\w]/g;

/** Reads what a `.d.ts` of the models declares. */
export function readDeclarations(text: string): Declarations {
  const plain = text.replaceAll(/\/\*[\s\S]*?\*\//g, '');
  const interfaces = new Map<string, Shape>();
  const starts = /(?:interface (\w+)(?: extends ([\w, ]+?))? (?=\{)|type (\w+) = )/g;
  for (const { 0: head, 1: one, 2: parents = '', 3: other, index } of plain.matchAll(starts)) {
    const tokens = plain.slice(index + head.length).match(TOKEN) ?? [];
    const shape = new TypeReader(tokens).type();
    const extended = { parents: parents.split(', ').filter((name) => name !== '') };
    interfaces.set(one ?? other ?? '', shape.kind === 'object' ? { ...shape, ...extended } : shape);
  }
  const imports = new Map<string, string>();
  for (const [, names = '', from = ''] of plain.matchAll(/import \{([^}]*)\} from "([^"]+)"/g)) {
    for (const [local] of pairs(names)) imports.set(local, from);
  }
  const aliases = new Map<string, string>();
  for (const [, names = ''] of plain.matchAll(/export type \{([^}]*)\}/g)) {
    for (const [alias, name] of pairs(names)) aliases.set(alias, name);
  }
  return { interfaces, imports, aliases };
}

/** `A as B` is [B, A]; `A` is [A, A]. */
const pairs = (names: string): [string, string][] =>
  names.split(',').map((entry) => {
    const [name = '', alias = name] = entry.trim().split(/\s+as\s+/);
    return [alias, name];
  });

class TypeReader {
  readonly #tokens: readonly string[];
  #at = 0;

  constructor(tokens: readonly string[]) {
    this.#tokens = tokens;
  }

  type(): Shape {
    const of = [this.#one()];
    while (this.#take('|')) of.push(this.#one());
    const [only] = of;
    return of.length === 1 && only ? only : { kind: 'union', of };
  }

  #one(): Shape {
    let shape = this.#primary();
    while (this.#take('[')) {
      // `T[]`, or `T["field"]`, which models use of what is declared beside it.
      const isArray = this.#take(']');
      if (isArray) shape = { kind: 'array', of: shape };
      else this.#skipPast(']');
    }
    return shape;
  }

  #primary(): Shape {
    this.#take('|');
    if (this.#take('{')) return this.#object();
    if (this.#take('(')) {
      const inner = this.type();
      this.#take(')');
      return inner;
    }
    const name = this.#next();
    if (!this.#take('<')) return { kind: 'name', name };
    const of = this.type();
    this.#skipPast('>');
    return name === 'Array' ? { kind: 'array', of } : { kind: 'name', name: 'unknown' };
  }

  #object(): Shape {
    const fields = new Map<string, Shape>();
    let others: Shape | null = null;
    while (!this.#take('}')) {
      if (this.#take('[')) {
        this.#skipPast(']');
        this.#take(':');
        others = this.type();
      } else {
        const name = this.#next().replaceAll('"', '');
        this.#take('?');
        this.#take(':');
        fields.set(name, this.type());
      }
      if (!this.#take(';')) this.#take(',');
    }
    return { kind: 'object', fields, others, parents: [] };
  }

  #next(): string {
    const token = this.#tokens[this.#at];
    if (token === undefined) throw new Error('a declaration ends too early');
    this.#at += 1;
    return token;
  }

  #take(token: string): boolean {
    if (this.#tokens[this.#at] !== token) return false;
    this.#at += 1;
    return true;
  }

  #skipPast(token: string): void {
    while (this.#next() !== token);
  }
}
