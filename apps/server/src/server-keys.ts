import { createSecretKey, type KeyObject } from 'node:crypto';

import { checkJwtSecret, parseMasterKey } from '@sagewai/crypto';
import { checkFingerprint } from '@sagewai/identity';
import type { Db } from '@sagewai/postgres';

/** The two roots from which every key of a purpose is derived. */
export interface ServerKeys {
  /** From `JWT_SECRET`: signs tokens. */
  readonly signing: KeyObject;
  /** From `SAGEWAI_ENCRYPTION_KEY`: seals what is stored. */
  readonly sealing: KeyObject;
}

/** Also what was kept is looked at: a file can be edited. */
export function parseServerKeys(jwtSecret: string, encryptionKey: string): ServerKeys {
  const weakness = checkJwtSecret(jwtSecret);
  if (weakness !== null) throw new Error(`JWT_SECRET is refused: ${weakness}`);
  const sealing = parseMasterKey(encryptionKey);
  if (sealing.kind === 'refused') {
    throw new Error(`SAGEWAI_ENCRYPTION_KEY is refused: ${sealing.why}`);
  }
  return { signing: createSecretKey(Buffer.from(jwtSecret)), sealing: sealing.key };
}

/** A replica with other keys would make what the rest cannot read: it does not start. */
export async function checkServerKeys(db: Db, keys: ServerKeys): Promise<void> {
  await checkFingerprint(db, { purpose: 'JWT_SECRET', key: keys.signing });
  await checkFingerprint(db, { purpose: 'SAGEWAI_ENCRYPTION_KEY', key: keys.sealing });
}
