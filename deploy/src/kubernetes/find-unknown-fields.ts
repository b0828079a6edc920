import { readFileSync } from 'node:fs';

import type { KubernetesObject } from './kubernetes-object.ts';
import { importedFile, modelFile } from './model-file.ts';
import { type Declarations, readDeclarations, type Shape } from './read-type.ts';

/** A shape, and the file whose names it uses. */
interface Place {
  readonly shape: Shape;
  readonly file: string;
}

const known = new Map<string, Declarations>();

function declarationsOf(file: string): Declarations {
  const read = known.get(file) ?? readDeclarations(readFileSync(`${file}.d.ts`, 'utf8'));
  known.set(file, read);
  return read;
}

/**
 * Paths of fields that no model has, which Kubernetes would drop without a word. The validation of the models
 * checks the rest: what is missing, and what is of another type.
 */
export function findUnknownFields(object: KubernetesObject): string[] {
  const file = modelFile(object);
  if (file === null) return [`there is no model of ${object.apiVersion} ${object.kind}`];
  const { apiVersion, kind, ...rest } = object;
  return unknownIn(rest, place(`I${kind}`, file), `${kind}(${apiVersion})`);
}

function unknownIn(value: unknown, at: Place | null, path: string): string[] {
  if (at === null || typeof value !== 'object' || value === null) return [];
  const { shape, file } = at;
  switch (shape.kind) {
    case 'name':
      return unknownIn(value, place(shape.name, file), path);
    case 'union': {
      const found = shape.of.map((one) => unknownIn(value, { shape: one, file }, path));
      return found.toSorted((one, other) => one.length - other.length)[0] ?? [];
    }
    case 'array':
      return Array.isArray(value)
        ? value.flatMap((one, index) =>
            unknownIn(one, { shape: shape.of, file }, `${path}[${index}]`),
          )
        : [];
    case 'object':
      return Object.entries(value).flatMap(([name, one]) => {
        const field = fieldOf(name, at);
        const here = `${path}.${name}`;
        return field === null ? [here] : unknownIn(one, field, here);
      });
  }
}

function fieldOf(name: string, { shape, file }: Place): Place | null {
  if (shape.kind !== 'object') return null;
  const own = shape.fields.get(name) ?? shape.others;
  if (own !== null) return { shape: own, file };
  const inherited = shape.parents.map((parent) => {
    const declared = place(parent, file);
    return declared === null ? null : fieldOf(name, declared);
  });
  return inherited.find((field) => field !== null) ?? null;
}

/** Where a name is declared; null: it is a primitive, or holds anything. */
function place(name: string, file: string): Place | null {
  const { interfaces, imports, aliases } = declarationsOf(file);
  const own = interfaces.get(name) ?? interfaces.get(aliases.get(name) ?? '');
  if (own !== undefined) return { shape: own, file };
  const from = imports.get(name);
  return from === undefined ? null : place(name, importedFile(file, from));
}
