import type { KeyObject } from 'node:crypto';

import { deriveKey, type MasterKeys, type SealingKeys, sealingKeys } from '@sagewai/crypto';

/**
 * All that is sealed under `SAGEWAI_ENCRYPTION_KEY`, by purpose. What stands in rows is in
 * `SEALED_COLUMNS`, and moves to another key; what stands elsewhere says what becomes of it.
 */
export const PURPOSES = {
  'account-totp': 'rows',
  'alert-webhook': 'rows',
  'audit-sink': 'rows',
  'fleet/organization-keys': 'rows',
  'fleet/trigger': 'rows',
  'gateway-answer': 'in Redis: an answer that does not open is asked for again',
  'gateway-model': 'rows',
  'gateway-response': 'at clients, as ids: they are good as long as the key is given',
  intelligence: 'rows',
  'lasting-key': 'rows',
  sso: 'rows',
  tools: 'rows',
} as const;

export type SealingPurpose = keyof typeof PURPOSES;

/** The only way to a key that seals: a purpose that is not written above does not compile. */
export function keysFor(masters: MasterKeys, purpose: SealingPurpose): SealingKeys {
  return purpose.startsWith(FLEET)
    ? sealingKeys(fleetMasters(masters), purpose.slice(FLEET.length))
    : sealingKeys(masters, purpose);
}

const FLEET = 'fleet/';

/** The fleet derives keys for its purposes itself. */
export const fleetMasters = ([present, ...others]: MasterKeys): MasterKeys => [
  fleetMaster(present),
  ...others.map(fleetMaster),
];

export const fleetMaster = (master: KeyObject): KeyObject => deriveKey(master, 'fleet');
