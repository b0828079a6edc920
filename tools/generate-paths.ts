/**
 * Writes the SDK's table of paths from the contract, so that the SDK needs no schema at run time.
 * `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { ENDPOINTS } from '@sagewai/wire';

const target = 'clients/sdk/src/paths.ts';
const rows = ENDPOINTS.map(({ id, method, path }) => `  '${id}': ['${method}', '${path}'],`);
const text = `// Written by tools/generate-paths.ts from the contract; not by hand.

/** Method and path of every endpoint. */
export const PATHS = {
${rows.toSorted().join('\n')}
} as const;
`;

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (readFileSync(target, 'utf8') !== text) {
  console.error(`${target} is not what the contract says. Run: node tools/generate-paths.ts`);
  process.exitCode = 1;
}
