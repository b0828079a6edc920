import type { Json, JsonObject } from '@sagewai/translate';

import { mistaken } from './check-gemini.ts';

/** What a model wrote for tools, and what they answered, names nothing to the provider. */
const OF_TOOLS = new Set(['args', 'response', 'toolUse', 'json']);
// Deeper than any of these formats goes, but for what is of tools.
const DEPTH_MAX = 20;

/**
 * Refuses what a provider would read from a bucket: it reads with the deployment's credential, and so whatever
 * the operator may read, whoever asks (M6).
 */
export function checkBuckets(body: JsonObject, fields: readonly string[]): void {
  const field = fields.find((name) => namesBucket(body[name], 0));
  if (field !== undefined)
    throw mistaken(field, 'names something in a bucket: send its bytes instead');
}

function namesBucket(value: Json | undefined, depth: number): boolean {
  if (typeof value !== 'object' || value === null || depth > DEPTH_MAX) return false;
  return Object.entries(value).some(([name, each]) => {
    // A name that the parser may have misread (find-fields.ts), behind which anything may hide.
    if (name === 's3Location' || name === '\\') return true;
    if (typeof each !== 'string') return !OF_TOOLS.has(name) && namesBucket(each, depth + 1);
    return (name === 'fileUri' || name === 'file_uri') && /^\s*gs:/i.test(each);
  });
}
