import type { TSchema } from 'typebox';

type Json = Readonly<Record<string, unknown>>;

/** Removes what the schema does not name and returns how many fields that were. Changes its argument. */
export type DropUnknown = (value: unknown) => number;

/**
 * Compiles a schema into its pruner; null when there is nothing to prune. Unions, intersections,
 * references and objects that say themselves what they do with further fields are left whole.
 */
export function compileDropUnknown(schema: TSchema): DropUnknown | null {
  return compile(schema as Json);
}

function compile(schema: Json): DropUnknown | null {
  if (schema['type'] === 'array') return ofItems(schema['items']);
  if (schema['type'] !== 'object') return null;
  if ('additionalProperties' in schema || 'patternProperties' in schema) return null;
  return ofFields((schema['properties'] ?? {}) as Readonly<Record<string, Json>>);
}

function ofItems(items: unknown): DropUnknown | null {
  if (typeof items !== 'object' || items === null || Array.isArray(items)) return null;
  const dropFromItem = compile(items as Json);
  if (dropFromItem === null) return null;
  return (value) =>
    Array.isArray(value) ? value.reduce((sum: number, item) => sum + dropFromItem(item), 0) : 0;
}

function ofFields(fields: Readonly<Record<string, Json>>): DropUnknown {
  const inner = new Map(Object.entries(fields).map(([name, one]) => [name, compile(one)]));
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return 0;
    let dropped = 0;
    for (const [name, field] of Object.entries(value)) {
      const dropFromField = inner.get(name);
      if (dropFromField === undefined) {
        Reflect.deleteProperty(value, name);
        dropped += 1;
      } else if (dropFromField !== null) {
        dropped += dropFromField(field);
      }
    }
    return dropped;
  };
}
