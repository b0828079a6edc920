import { fileURLToPath } from 'node:url';

import { type Migration, readMigrations } from '@sagewai/postgres';

const directory = fileURLToPath(new URL('../migrations', import.meta.url));

/** Every migration that this version of the product knows, in the order they apply. */
export const loadMigrations = (): Promise<Migration[]> => readMigrations(directory);
