import type { JsonSchema } from '../agent/chat.ts';
import { mistakesIn } from '../agent/check-schema.ts';

/**
 * Checks what a run is given and says what it is: a JSON Schema, what has `parse` (as zod's schemas), or a
 * function that throws. What is known as a JSON Schema is told to the server, which checks submissions by it.
 */
export type InputSchema<Input> =
  | ((input: unknown) => Input)
  | { readonly parse: (input: unknown) => Input }
  | JsonSchema;

/** Throws what is wrong with it. */
export function readInput<Input>(schema: InputSchema<Input>, input: unknown): Input {
  if (typeof schema === 'function') return schema(input);
  if (hasParse(schema)) return schema.parse(input);
  const mistakes = mistakesIn(input, schema);
  if (mistakes.length > 0) throw new TypeError(mistakes.join('; '));
  return input as Input;
}

/** As JSON Schema; null: only a worker can check it. */
export function jsonSchemaOf(schema: InputSchema<unknown>): JsonSchema | null {
  if (typeof schema === 'function') return null;
  if (!hasParse(schema)) return schema;
  const standard = (schema as Partial<StandardJsonSchema>)['~standard']?.jsonSchema;
  try {
    return standard?.input({ target: 'draft-2020-12' }) ?? null;
  } catch {
    // Some of what can be checked cannot be written down.
    return null;
  }
}

/** How a library's schema says what it is, by the convention of standardschema.dev. */
interface StandardJsonSchema {
  readonly '~standard': {
    readonly jsonSchema?: { readonly input: (how: { readonly target: string }) => JsonSchema };
  };
}

function hasParse<Input>(
  schema: Exclude<InputSchema<Input>, (input: unknown) => Input>,
): schema is { readonly parse: (input: unknown) => Input } {
  return typeof schema['parse' as keyof typeof schema] === 'function';
}
