import { canonicalJson } from '@sagewai/wire';

import { sha256Hex } from '../evidence/sha256.ts';

/** Of the arguments as this page shows them: what is approved is this, whatever the server said. Null: none can be. */
export function digestArguments(given: unknown): string | null {
  const text = canonicalJson(given);
  return text === null ? null : sha256Hex(text);
}
