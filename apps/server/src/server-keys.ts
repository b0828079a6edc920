import { createSecretKey, type KeyObject, randomUUID } from 'node:crypto';

import { checkJwtSecret, type MasterKeys, parseMasterKey } from '@sagewai/crypto';
import { checkFingerprint } from '@sagewai/identity';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import { admitKeys } from './encryption/admit-keys.ts';
import { firstLastingKeys, type LastingKeys } from './encryption/lasting-keys.ts';

/** The two roots from which every key of a purpose is derived. */
export interface ServerKeys {
  /** From `JWT_SECRET`: signs tokens. */
  readonly signing: KeyObject;
  /** From `SAGEWAI_ENCRYPTION_KEY`, which seals what is stored, and those that open it, too. */
  readonly sealing: MasterKeys;
  readonly lasting: LastingKeys;
  /** Names this process among those that hold keys. */
  readonly replica: string;
}

/** Also what was kept is looked at: a file can be edited. */
export function parseServerKeys(
  jwtSecret: string,
  encryptionKey: string,
  others: readonly string[] = [],
): ServerKeys {
  const weakness = checkJwtSecret(jwtSecret);
  if (weakness !== null) throw new Error(`JWT_SECRET is refused: ${weakness}`);
  const read = (name: string, text: string): KeyObject => {
    const parsed = parseMasterKey(text);
    if (parsed.kind === 'refused') throw new Error(`${name} is refused: ${parsed.why}`);
    return parsed.key;
  };
  const present = read('SAGEWAI_ENCRYPTION_KEY', encryptionKey);
  return {
    signing: createSecretKey(Buffer.from(jwtSecret)),
    sealing: [present, ...others.map((other) => read('SAGEWAI_ENCRYPTION_KEYS_OTHER', other))],
    lasting: firstLastingKeys(present),
    replica: randomUUID(),
  };
}

/** A replica with other keys would make what the rest cannot read: it does not start. */
export async function checkServerKeys(
  dispatch: Db,
  keys: ServerKeys,
  of: { readonly aliveMs: number; readonly log: Log },
): Promise<ServerKeys> {
  await checkFingerprint(dispatch, { purpose: 'JWT_SECRET', key: keys.signing });
  const { replica, sealing } = keys;
  return { ...keys, ...(await admitKeys(dispatch, { ...of, replica, keys: sealing })) };
}
