const DEPTH_MAX = 8;

type Schema = Readonly<Record<string, unknown>>;

const isSchema = (value: unknown): value is Schema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A value to begin with, as a JSON Schema asks for it: what must be there, with its defaults where it names some. */
export function skeletonOf(schema: unknown, depth = 0): unknown {
  if (!isSchema(schema) || depth > DEPTH_MAX) return null;
  if ('default' in schema) return schema['default'];
  if ('const' in schema) return schema['const'];
  const { enum: choices, type, properties, required, anyOf } = schema;
  if (Array.isArray(choices)) return choices[0] as unknown;
  if (Array.isArray(anyOf)) return skeletonOf(anyOf[0], depth + 1);
  if (type === 'object' || isSchema(properties)) {
    const names = Array.isArray(required) ? (required as unknown[]) : [];
    return Object.fromEntries(
      Object.entries(isSchema(properties) ? properties : {})
        .filter(([name, inner]) => names.includes(name) || (isSchema(inner) && 'default' in inner))
        .map(([name, inner]) => [name, skeletonOf(inner, depth + 1)]),
    );
  }
  return { string: '', number: 0, integer: 0, boolean: false, array: [] }[String(type)] ?? null;
}
