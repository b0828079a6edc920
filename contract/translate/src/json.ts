/** What JSON can say. Bodies of clients and providers are open: fields that nobody here knows pass by. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

export const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

export const numberOf = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null;

export const listOf = (value: unknown): readonly Json[] =>
  Array.isArray(value) ? (value as readonly Json[]) : [];

export const objectsOf = (value: unknown): readonly JsonObject[] => listOf(value).filter(isObject);

/** Without the fields that have no value. */
export function compact(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

/** The object that a model wrote as text; what is none is kept under a name that says so. */
export function readArguments(text: string): JsonObject {
  if (text.trim() === '') return {};
  try {
    const value = JSON.parse(text) as unknown;
    return isObject(value) ? value : { unparsed_arguments: text };
  } catch {
    return { unparsed_arguments: text };
  }
}
