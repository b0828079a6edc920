import type { JsonSchema } from './chat.ts';
import { mistakesIn } from './check-schema.ts';

/** The JSON that a model has answered, and what is wrong with it. */
export function readOutput(
  text: string,
  schema: JsonSchema,
): { value: unknown; mistakes: readonly string[] } {
  // Models like to wrap what they were asked for bare.
  const bare = /^\s*```(?:json)?\s*\n([\s\S]*?)\n?```\s*$/.exec(text)?.[1] ?? text;
  try {
    const value: unknown = JSON.parse(bare);
    return { value, mistakes: mistakesIn(value, schema) };
  } catch {
    return { value: null, mistakes: ['it is no JSON'] };
  }
}
