import type { KeyObject } from 'node:crypto';
import { hostname } from 'node:os';

import { fingerprintKey, type MasterKeys } from '@sagewai/crypto';
import { checkFingerprint } from '@sagewai/identity';
import type { Log } from '@sagewai/log';
import { type Db, inTransaction, type Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { PLATFORM_CHAIN } from '@sagewai/wire';

import { chooseKey } from './choose-key.ts';
import {
  insertPresentKey,
  lockKeys,
  noteHolder,
  readHolders,
  readKeys,
  replacePresentKey,
} from './key-register.sql.ts';
import { keepLastingKeys, type LastingKeys } from './lasting-keys.ts';

export interface AdmittedKeys {
  /** The one that this process seals with first. */
  readonly sealing: MasterKeys;
  readonly lasting: LastingKeys;
}

/** R4. Chooses the key that this process seals with, and tells the others which it can open; throws when it may not start. */
export async function admitKeys(
  dispatch: Db,
  of: {
    readonly keys: MasterKeys;
    readonly replica: string;
    /** Who was not seen for so long is gone. */
    readonly aliveMs: number;
    readonly log: Log;
  },
): Promise<AdmittedKeys> {
  const { keys, replica, aliveMs, log } = of;
  const byName = new Map(keys.map((key) => [fingerprintKey(key), key]));
  const [first, ...rest] = [...byName.keys()];
  if (first === undefined) throw new Error('there is no key');
  return inTransaction(dispatch, async (tx) => {
    await lockKeys(tx);
    const known = await readKeys(tx);
    const holders = await readHolders(tx, aliveMs);
    const choice = chooseKey({ given: [first, ...rest], known, holders });
    if (choice.kind === 'refused') throw new Error(choice.why);
    const before = known.find(({ replacedAt }) => replacedAt === null)?.fingerprint ?? choice.with;
    const sealing = inOrder(byName, choice.with);
    switch (choice.how) {
      case 'first':
        await checkFingerprint(tx, { purpose: 'SAGEWAI_ENCRYPTION_KEY', key: sealing[0] });
        await insertPresentKey(tx, choice.with);
        break;
      case 'next':
        await replacePresentKey(tx, choice.with);
        await record(tx, before, choice.with);
        log.info('another key seals from now on', { fingerprint: choice.with });
        break;
      case 'kept':
        log.warn('SAGEWAI_ENCRYPTION_KEY was replaced: this server seals with the one that did', {
          fingerprint: choice.with,
        });
        break;
      case 'same':
    }
    await noteHolder(
      tx,
      {
        replica,
        host: hostname(),
        sealing: choice.with,
        opening: [...byName.keys()],
      },
      aliveMs,
    );
    const lasting = await keepLastingKeys(tx, sealing, byName.get(before) ?? sealing[0]);
    return { sealing, lasting };
  });
}

function inOrder(byName: ReadonlyMap<string, KeyObject>, first: string): MasterKeys {
  const key = byName.get(first);
  if (key === undefined) throw new Error('the key that seals was not given');
  return [key, ...[...byName].flatMap(([name, other]) => (name === first ? [] : [other]))];
}

const record = (tx: Tx, from: string, to: string): Promise<void> =>
  appendAudit(tx, {
    orgId: PLATFORM_CHAIN,
    actor: 'server',
    action: 'encryption.keyReplaced',
    subject: `encryption-fingerprint:${to}`,
    outcome: 'ok',
    requestId: '',
    details: { from, to },
  });
