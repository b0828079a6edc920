import { fileURLToPath } from 'node:url';

import { type FunctionFile, readFunctions } from '@sagewai/postgres';

const directory = fileURLToPath(new URL('../functions', import.meta.url));

/** The current text of every function that is not part of a migration. */
export const loadFunctions = (): Promise<FunctionFile[]> => readFunctions(directory);
