import { createSecretKey } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { fingerprintKey, parseMasterKey } from '@sagewai/crypto';

import type { Header } from './manifest.ts';

export interface GivenKeys {
  readonly JWT_SECRET: string | null;
  readonly SAGEWAI_ENCRYPTION_KEY: string | null;
  /** Separated by commas. */
  readonly SAGEWAI_ENCRYPTION_KEYS_OTHER?: string | null;
}

/** The given ones, else those that a server keeps in this home. */
export async function findKeys(home: string, given: GivenKeys): Promise<GivenKeys> {
  const kept = (name: string): Promise<string | null> =>
    readFile(join(home, 'secrets', name), 'utf8').then(
      (text) => text.trim() || null,
      () => null,
    );
  return {
    JWT_SECRET: given.JWT_SECRET ?? (await kept('jwt-secret')),
    SAGEWAI_ENCRYPTION_KEY: given.SAGEWAI_ENCRYPTION_KEY ?? (await kept('sagewai-encryption-key')),
    SAGEWAI_ENCRYPTION_KEYS_OTHER: given.SAGEWAI_ENCRYPTION_KEYS_OTHER ?? null,
  };
}

/** Why a server with these keys would not start on what the backup holds; null when it would. */
export function findKeyMistake(keys: GivenKeys, header: Header): string | null {
  for (const [name, wanted] of Object.entries(header.fingerprints)) {
    if (name !== 'JWT_SECRET' && name !== 'SAGEWAI_ENCRYPTION_KEY') continue;
    const value = keys[name];
    if (value === null) {
      return (
        `the contents stand under the ${name} with the fingerprint ${wanted}, and there is none here: ` +
        `give ${name}, or copy secrets/ of the former home (--without-keys restores all the same)`
      );
    }
    const found = fingerprintOf(name, value);
    if (found !== wanted) {
      return `${name} here is another one than that of the backup (fingerprint ${found ?? 'none'}, not ${wanted})`;
    }
  }
  const others = (keys.SAGEWAI_ENCRYPTION_KEYS_OTHER ?? '')
    .split(',')
    .map((other) => fingerprintOf('SAGEWAI_ENCRYPTION_KEY', other));
  const missing = header.formerKeys?.find((former) => !others.includes(former));
  if (missing !== undefined) {
    return (
      `rows stand under a former encryption key, too, with the fingerprint ${missing}: give it in ` +
      'SAGEWAI_ENCRYPTION_KEYS_OTHER (--without-keys restores all the same)'
    );
  }
  return null;
}

function fingerprintOf(
  name: 'JWT_SECRET' | 'SAGEWAI_ENCRYPTION_KEY',
  value: string,
): string | null {
  if (name === 'JWT_SECRET') return fingerprintKey(createSecretKey(Buffer.from(value)));
  const parsed = parseMasterKey(value);
  return parsed.kind === 'key' ? fingerprintKey(parsed.key) : null;
}
