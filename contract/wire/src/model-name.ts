/**
 * The spelling under which two names of one model are equal: `openai/gpt-4o`, `GPT-4o` and `gpt-4o`
 * are `gpt-4o`; `ollama/llama3.1:70b` is `llama3.1-70b`. Empty when nothing is left of the name.
 */
export function canonicalModel(name: string): string {
  const lower = name.trim().toLowerCase();
  return lower
    .slice(lower.indexOf('/') + 1)
    .replaceAll(/[/:]/g, '-')
    .replaceAll(/[-_]+/g, '-')
    .replaceAll(/^[\s-]+|[\s-]+$/g, '');
}

/**
 * Names of which something is left; no control characters, no surrounding blanks. For lists in which
 * no name means "every model": a name that is dropped there would turn a restriction into none.
 */
export const MODEL_PATTERN =
  '^(?! )(?![\\s\\S]*[\\u0000-\\u001f\\u007f])(?![\\s\\S]* $)' +
  // With a slash, something after the first one; without, something at all. Linear: no two loops meet.
  '(?:[^/]*/[\\s\\S]*[^-_/:\\s]|(?![\\s\\S]*/)[\\s\\S]*[^-_/:\\s])';

/** Canonical names in the order given, each once; names of which nothing is left are dropped. */
export function canonicalModels(names: readonly string[]): string[] {
  return [...new Set(names.map((name) => canonicalModel(name)))].filter((name) => name !== '');
}
