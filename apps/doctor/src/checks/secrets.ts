import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { failure, type Finding, ok, warning } from '../finding.ts';

export interface SecretPlaces {
  readonly home: string;
  /** Those that the settings give. Weak values are told by the settings themselves. */
  readonly given: readonly string[];
  /** Those that the database keeps, because the server had no home that lasts. */
  readonly inDatabase: readonly string[];
  readonly inKubernetes: boolean;
}

const NAMES = ['JWT_SECRET', 'SAGEWAI_ENCRYPTION_KEY'] as const;

/** Where the two secrets come from: the settings, the home, or, which fails, the database. */
export function checkSecrets(places: SecretPlaces): Promise<Finding[]> {
  return Promise.all(NAMES.map((name) => checkSecret(name, places)));
}

async function checkSecret(name: string, places: SecretPlaces): Promise<Finding> {
  const isInDatabase = places.inDatabase.includes(name);
  if (places.given.includes(name)) {
    if (!isInDatabase) return ok('secrets', `${name} is given`);
    const mend = `delete from kept_secret where name = '${name}', as the owner of the database.`;
    return warning('secrets', `${name} is given, and the database still keeps it`, mend);
  }
  const path = join(places.home, 'secrets', name.toLowerCase().replaceAll('_', '-'));
  const file = await stat(path).catch(() => null);
  if (!file && isInDatabase) {
    return failure(
      'secrets',
      `${name} is kept in the database, beside what it protects`,
      `Supply it: select value from kept_secret where name = '${name}', as the owner of the database.`,
    );
  }
  if (!file) return ok('secrets', `${name} will be made at first start`);
  if ((file.mode & 0o077) !== 0) {
    return failure('secrets', `others can read ${path}`, `chmod 600 ${path}`);
  }
  const found = `${name} is kept in ${path}`;
  if (!places.inKubernetes) return ok('secrets', found);
  return warning('secrets', found, 'Give every replica the same, by a secret.');
}
