/** What a server makes sure of before it listens: an administrator, an organization, the right keys. */
import type { KeyObject } from 'node:crypto';

import { checkJwtSecret, fingerprintKey, hashToken, mintToken, newId } from '@sagewai/crypto';
import { type Db, type Executor, inTransaction, type Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { PLATFORM_CHAIN, type TokenId } from '@sagewai/wire';

import { revokeBreakGlass } from './break-glass/break-glass.sql.ts';
import { isOfOthers } from './find-token.ts';
import { keepFingerprint } from './key-fingerprints.sql.ts';
import {
  countPlatformTokens,
  dropOtherPlatformTokens,
  insertPlatformToken,
  lockAdministrators,
  type PlatformToken,
} from './platform-tokens.sql.ts';
import { TOKEN_PREFIX } from './token.ts';

/** The names of the two platform tokens that starting a server can make. */
const MADE = 'administrator';
const GIVEN = 'administrator (SAGEWAI_ADMIN_TOKEN)';

export type Administrator =
  /** Show it now: it can never be read again. */
  | { readonly kind: 'made'; readonly token: string }
  /** The one in the configuration. */
  | { readonly kind: 'given' }
  /** There is one from an earlier start. */
  | { readonly kind: 'kept' };

/**
 * Makes sure that the platform has an administrator (I5). A token that the configuration gives is the
 * administrator's, and no other is any longer: so a token that got into wrong hands is ended by giving
 * another. Without one, a token is made when there is none. Needs a connection as `sagewai_dispatch`:
 * the role of requests has no right to.
 */
export async function ensureAdministrator(
  db: Db,
  { token }: { readonly token?: string | undefined } = {},
): Promise<Administrator> {
  if (token !== undefined) {
    const weakness = findTokenWeakness(token);
    if (weakness !== null) throw new Error(`SAGEWAI_ADMIN_TOKEN is refused: ${weakness}`);
  }
  return inTransaction(db, async (tx) => {
    await lockAdministrators(tx);
    if (token !== undefined) {
      const ended = await dropOtherPlatformTokens(tx, hashToken(token));
      for (const other of ended) await record(tx, 'identity.dismissAdministrator', other);
      // Another administrator: what was made under the former one ends as well.
      if (await admit(tx, GIVEN, token)) await revokeBreakGlass(tx, null);
      return { kind: 'given' };
    }
    if ((await countPlatformTokens(tx)) > 0) return { kind: 'kept' };
    const made = mintToken(TOKEN_PREFIX);
    await admit(tx, MADE, made);
    return { kind: 'made', token: made };
  });
}

/** Why a configured administrator's token is refused, without the token; null when it will do. */
export function findTokenWeakness(token: string): string | null {
  if (/[\s,]/.test(token)) return 'it contains blanks or commas';
  if (isOfOthers(token)) return 'it starts like a credential of another kind';
  return checkJwtSecret(token);
}

async function admit(tx: Tx, name: string, token: string): Promise<boolean> {
  const id = newId<TokenId>();
  const isNew = await insertPlatformToken(tx, { id, name, hash: hashToken(token) });
  if (isNew) await record(tx, 'identity.admitAdministrator', { id, name });
  return isNew;
}

function record(tx: Tx, action: string, { id, name }: PlatformToken): Promise<void> {
  return appendAudit(tx, {
    orgId: PLATFORM_CHAIN,
    actor: 'server',
    action,
    subject: `token:${id}`,
    outcome: 'ok',
    requestId: '',
    details: { name },
  });
}

/**
 * Refuses a key other than the one that this database was set up with: a replica that signs or seals
 * with another would make what the rest cannot read, and fail to read what is there (I6).
 */
export async function checkFingerprint(
  db: Executor,
  { purpose, key }: { readonly purpose: string; readonly key: KeyObject },
): Promise<void> {
  const kept = await keepFingerprint(db, { purpose, fingerprint: fingerprintKey(key) });
  if (kept === fingerprintKey(key)) return;
  throw new Error(
    `${purpose} is not the one that this database was set up with: give every server the same ` +
      `value, or point this one to a database of its own`,
  );
}
