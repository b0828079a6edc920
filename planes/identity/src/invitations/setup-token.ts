import { createHmac, type KeyObject } from 'node:crypto';

import { deriveKey, newId, sameText } from '@sagewai/crypto';
import type { Executor } from '@sagewai/postgres';

import { keepFirstSetup, readFirstSetup } from './first-setup.sql.ts';

const PREFIX = 'setup-';

/**
 * Makes sure that somebody can make the first owner's account (A6). The token when this call made it, else
 * null. Needs a connection as `sagewai_dispatch`.
 */
export async function ensureSetupToken(db: Executor, signing: KeyObject): Promise<string | null> {
  const id = newId();
  const { made } = await keepFirstSetup(db, id);
  return made ? tokenOf(id, setupKeyOf(signing)) : null;
}

export const setupKeyOf = (signing: KeyObject): KeyObject => deriveKey(signing, 'setup-token');

/** The id of the setup when the token is the one that it can be done with; null otherwise. */
export async function findSetup(
  db: Executor,
  token: string,
  key: KeyObject,
): Promise<string | null> {
  const setup = await readFirstSetup(db);
  const isIt = setup !== null && sameText(token, tokenOf(setup.id, key));
  return isIt && !setup.isUsed ? setup.id : null;
}

/** Not in the database, and not to be computed from what is (A6). */
const tokenOf = (id: string, key: KeyObject): string =>
  PREFIX + createHmac('sha256', key).update(`setup ${id}`).digest('base64url');
