import type { Db } from '@sagewai/postgres';
import { readEncryptionKeys } from '@sagewai/server';

import { type Finding, ok, warning } from '../finding.ts';

/** Whether a former encryption key is still needed; nothing where none was ever replaced. */
export async function checkEncryption(db: Db): Promise<Finding[]> {
  const replaced = (await readEncryptionKeys(db)).filter(({ replacedAt }) => replacedAt !== null);
  if (replaced.length === 0) return [];
  const needed = replaced.filter(({ emptiedAt }) => emptiedAt === null);
  const broken = replaced.reduce((sum, key) => sum + key.broken, 0);
  const lost = warning(
    'encryption',
    `${broken} sealed rows do not open with the key that is named in them`,
    'The log of the server that leads names the key. Give what they held anew, as with `sagewai projects credential set`.',
  );
  const findings = needed.map(({ fingerprint, remaining }) =>
    warning(
      'encryption',
      `${remaining ?? 'uncounted'} rows stand under the former key with the fingerprint ${fingerprint}`,
      'Leave it in SAGEWAI_ENCRYPTION_KEYS_OTHER: servers move them. `sagewai encryption status` tells when it is not needed.',
    ),
  );
  if (needed.length === 0) findings.push(ok('encryption', 'no former key is needed'));
  return broken === 0 ? findings : [...findings, lost];
}
