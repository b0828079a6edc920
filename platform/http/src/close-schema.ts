import type { TSchema } from 'typebox';

type Json = Readonly<Record<string, unknown>>;

const MAPS_OF_SCHEMAS = ['properties', 'patternProperties', '$defs'] as const;
const SCHEMAS = ['items', 'additionalProperties', 'anyOf', 'oneOf'] as const;

/**
 * The same schema, refusing fields that it does not name. An object that says itself what it does with
 * further fields keeps its word. The members of an intersection stay open; the whole of it is closed.
 */
export function closeSchema(schema: TSchema): TSchema {
  return close(schema) as TSchema;
}

function close(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(close);
  if (typeof value !== 'object' || value === null) return value;
  const schema: Record<string, unknown> = { ...value };
  for (const keyword of SCHEMAS) if (keyword in schema) schema[keyword] = close(schema[keyword]);
  for (const keyword of MAPS_OF_SCHEMAS) {
    if (keyword in schema) schema[keyword] = closeEach(schema[keyword] as Json);
  }
  const isObject = schema['type'] === 'object' || 'allOf' in schema;
  const hasSpoken = 'additionalProperties' in schema || 'unevaluatedProperties' in schema;
  return isObject && !hasSpoken ? { ...schema, unevaluatedProperties: false } : schema;
}

function closeEach(schemas: Json): Json {
  return Object.fromEntries(Object.entries(schemas).map(([name, one]) => [name, close(one)]));
}
