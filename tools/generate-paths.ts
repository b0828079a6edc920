/**
 * Writes the SDK's table of paths from the contract, so that the SDK needs no schema at run time.
 * `--check` only compares.
 */
import { readFileSync, writeFileSync } from 'node:fs';

import { ENDPOINTS } from '@sagewai/wire';

const target = 'clients/sdk/src/paths.ts';
const rows = ENDPOINTS.map(({ id, method, path }) => `  '${id}': ['${method}', '${path}'],`);
const text = `// Written by tools/generate-paths.ts from the contract; not by hand.
/* oxlint-disable max-lines -- A list: it is as long as there are endpoints. */

/** Method and path of every endpoint. */
export const PATHS = {
${rows.toSorted().join('\n')}
} as const;
`;

// The formatter may break lines elsewhere, so what they say is compared, not how.
const meaning = (code: string): string => code.replaceAll(/\s+/g, '').replaceAll(',]', ']');

if (!process.argv.includes('--check')) writeFileSync(target, text);
else if (meaning(readFileSync(target, 'utf8')) !== meaning(text)) {
  console.error(`${target} is not what the contract says. Run: node tools/generate-paths.ts`);
  process.exitCode = 1;
}
