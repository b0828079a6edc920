/** Schemas of tools and answers: models before Gemini 2.5 read a part of OpenAPI's only. */
import { isObject, type Json, type JsonObject, listOf, textOf } from '../json.ts';

const KEPT = [
  'title',
  'description',
  'format',
  'enum',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minLength',
  'maxLength',
  'minProperties',
  'maxProperties',
  'pattern',
  'required',
  'nullable',
  'default',
  'example',
] as const;
// Schemas come from clients, and a stack has an end.
const DEPTH_MAX = 60;

export const takesJsonSchema = (model: string): boolean => !/gemini-(?:1|2\.0)/.test(model);

/** The schema in the words of OpenAPI; what these have none for is left out. */
export function toOpenApi(schema: Json | undefined, depth = 0): JsonObject {
  if (!isObject(schema) || depth > DEPTH_MAX) return {};
  const made: Record<string, Json | undefined> = {};
  for (const name of KEPT) if (schema[name] !== undefined) made[name] = schema[name];
  const types = typeof schema['type'] === 'string' ? [schema['type']] : listOf(schema['type']);
  const [type] = types.filter((each) => each !== 'null');
  if (type !== undefined) made['type'] = textOf(type).toUpperCase();
  if (types.includes('null')) made['nullable'] = true;
  if (schema['const'] !== undefined) made['enum'] = [schema['const']];
  const { properties, items } = schema;
  if (isObject(properties)) {
    made['properties'] = Object.fromEntries(
      Object.entries(properties).map(([name, each]) => [name, toOpenApi(each, depth + 1)]),
    );
  }
  if (isObject(items)) made['items'] = toOpenApi(items, depth + 1);
  const choices = [...listOf(schema['anyOf']), ...listOf(schema['oneOf'])].filter(isObject);
  const others = choices.filter((each) => each['type'] !== 'null');
  if (others.length < choices.length) made['nullable'] = true;
  const [only] = others;
  if (others.length === 1 && only) return { ...toOpenApi(only, depth + 1), ...made };
  if (others.length > 1) made['anyOf'] = others.map((each) => toOpenApi(each, depth + 1));
  return made;
}
