import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { failure, type Finding, ok, warning } from '../finding.ts';

/** Where the two secrets come from. Weak values are told by the settings themselves. */
export async function checkSecrets(
  home: string,
  given: {
    readonly jwtSecret: boolean;
    readonly encryptionKey: boolean;
    readonly inKubernetes: boolean;
  },
): Promise<Finding[]> {
  const names = [
    ['JWT_SECRET', given.jwtSecret, 'jwt-secret'],
    ['SAGEWAI_ENCRYPTION_KEY', given.encryptionKey, 'sagewai-encryption-key'],
  ] as const;
  return Promise.all(
    names.map(async ([name, isGiven, file]) => {
      if (isGiven) return ok('secrets', `${name} is given`);
      const path = join(home, 'secrets', file);
      const found = await stat(path).catch(() => null);
      if (!found) return ok('secrets', `${name} will be made at first start`);
      if ((found.mode & 0o077) !== 0) {
        return failure('secrets', `others can read ${path}`, `chmod 600 ${path}`);
      }
      return !given.inKubernetes
        ? ok('secrets', `${name} is kept in ${path}`)
        : warning(
            'secrets',
            `${name} is kept in ${path}`,
            'Give every replica the same, by a secret.',
          );
    }),
  );
}
