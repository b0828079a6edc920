import { createSecretKey, type KeyObject } from 'node:crypto';

import { deriveKey, type MasterKeys, open, seal } from '@sagewai/crypto';
import type { Tx } from '@sagewai/postgres';

import { keepLastingKey } from './key-register.sql.ts';
import { lastingContext } from './lasting-context.ts';
import { fleetMaster, keysFor } from './purposes.ts';

/** Keys whose work stands in rows of any age: they stay when `SAGEWAI_ENCRYPTION_KEY` is replaced. */
export interface LastingKeys {
  readonly contentReference: KeyObject;
  readonly requestHash: KeyObject;
}

const PURPOSES = { contentReference: 'content-reference', requestHash: 'request-hash' } as const;

/** What they are where no key was ever replaced. */
export const firstLastingKeys = (master: KeyObject): LastingKeys => ({
  contentReference: deriveKey(fleetMaster(master), PURPOSES.contentReference),
  requestHash: deriveKey(fleetMaster(master), PURPOSES.requestHash),
});

/** Those that the database keeps; at first, those of the key that sealed until now. */
export async function keepLastingKeys(
  tx: Tx,
  masters: MasterKeys,
  sealedUntilNow: KeyObject,
): Promise<LastingKeys> {
  const keys = keysFor(masters, 'lasting-key');
  const first = firstLastingKeys(sealedUntilNow);
  const keep = async (name: keyof LastingKeys): Promise<KeyObject> => {
    const purpose = PURPOSES[name];
    const context = lastingContext(purpose);
    const sealed = seal(keys[0], first[name].export(), context);
    const opened = open(keys, await keepLastingKey(tx, { purpose, sealed }), context);
    if (opened.kind === 'refused') throw new Error(`the lasting key of ${purpose} does not open`);
    return createSecretKey(opened.data);
  };
  return {
    contentReference: await keep('contentReference'),
    requestHash: await keep('requestHash'),
  };
}
