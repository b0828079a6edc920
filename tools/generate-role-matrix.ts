/** Writes the matrix role × permission of docs/roles.md from the contract. */
import { readFileSync, writeFileSync } from 'node:fs';

import { tableOfRoles } from './table-of-roles.ts';

const path = new URL('../docs/roles.md', import.meta.url);
const text = readFileSync(path, 'utf8');
writeFileSync(
  path,
  text.replace(/(<!-- matrix -->\n)[^]*(<!-- end -->)/, `$1${tableOfRoles()}\n$2`),
);
