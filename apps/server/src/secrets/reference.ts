/** Where a secret stands, written in place of its value. */
export type Reference =
  | { readonly kind: 'vault'; readonly path: string; readonly field: string }
  | { readonly kind: 'aws-sm'; readonly id: string; readonly field: string | null }
  | { readonly kind: 'gcp-sm'; readonly path: string; readonly field: string | null }
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'env'; readonly name: string };

/** Null: it is no reference. Throws a `TypeError` for one that is not whole. */
export function parseReference(text: string): Reference | null {
  // `file:///…` is a URL of other settings.
  const [, kind, rest = ''] = /^(vault|aws-sm|gcp-sm|env|file(?=:\/(?!\/))):(.*)$/.exec(text) ?? [];
  if (kind === undefined) return null;
  if (kind === 'env') return { kind, name: named(kind, rest) };
  if (kind === 'file') return { kind, path: named(kind, rest) };
  const hash = rest.lastIndexOf('#');
  const place = hash < 0 ? rest : rest.slice(0, hash);
  const field = hash < 0 ? null : rest.slice(hash + 1);
  if (kind === 'aws-sm') return { kind, id: named(kind, place), field: field || null };
  if (kind === 'gcp-sm') return { kind, path: googlePath(place), field: field || null };
  if (!field || !isPath(place)) {
    throw new TypeError('a reference of vault is written vault:secret/data/NAME#FIELD');
  }
  return { kind: 'vault', path: place, field };
}

function googlePath(place: string): string {
  const found = /^projects\/[\w:.-]+\/secrets\/[\w-]+(\/versions\/\w+)?$/.exec(place);
  if (found === null) {
    throw new TypeError('a reference of gcp-sm is written gcp-sm:projects/PROJECT/secrets/NAME');
  }
  return found[1] === undefined ? `${place}/versions/latest` : place;
}

function named(kind: string, place: string): string {
  if (place !== '') return place;
  throw new TypeError(`a reference of ${kind} names nothing`);
}

const isPath = (text: string): boolean =>
  /^[\w./-]+$/.test(text) && !text.split('/').some((part) => part === '' || /^\.+$/.test(part));

/** The value itself, or a field of it where it is an object of JSON. */
export function pickField(text: string, field: string | null): string {
  if (field === null) return text;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    throw new Error(`it is no JSON, so it has no field ${field}`);
  }
  const value = (parsed as Record<string, unknown> | null)?.[field];
  if (typeof value === 'string' && value !== '') return value;
  throw new Error(`it has no text in a field ${field}`);
}
