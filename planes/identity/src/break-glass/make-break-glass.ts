import type { KeyObject } from 'node:crypto';

import { fingerprintKey, hashToken, mintToken, newId } from '@sagewai/crypto';
import { type Db, type Executor, inTransaction, type Tx } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { PLATFORM_CHAIN, type TokenId } from '@sagewai/wire';

import { readFingerprint } from '../key-fingerprints.sql.ts';
import { TOKEN_PREFIX } from '../token.ts';
import { insertBreakGlass, revokeBreakGlass } from './break-glass.sql.ts';
import { type BreakGlass, BREAK_GLASS_MS_MAX } from './break-glass.ts';

export interface MadeBreakGlass {
  readonly made: BreakGlass;
  /** Shown once. */
  readonly token: string;
}

/**
 * Makes one (G1). Needs a connection as `sagewai_dispatch`, and the encryption key of this database: whoever can reach
 * the database alone is not who runs the server.
 */
export async function makeBreakGlass(
  dispatch: Db,
  of: {
    /** The encryption keys of this host: one of them has to be the database's. */
    readonly keys: readonly KeyObject[];
    readonly reason: string;
    readonly lifetimeMs: number;
    /** Whose hand it was, as the host names them. */
    readonly by: string;
  },
): Promise<MadeBreakGlass> {
  if (of.lifetimeMs > BREAK_GLASS_MS_MAX) throw new Error('break-glass lasts an hour at most'); // G2
  await demandKey(dispatch, of.keys);
  const id = newId<TokenId>();
  const token = mintToken(TOKEN_PREFIX);
  const made = await inTransaction(dispatch, async (tx) => {
    const inserted = await insertBreakGlass(tx, {
      id,
      name: `break-glass ${id.slice(-12)}`,
      reason: of.reason,
      hash: hashToken(token),
      lifetimeMs: of.lifetimeMs,
    });
    await record(tx, 'identity.makeBreakGlass', inserted, of.by);
    return inserted;
  });
  return { made, token };
}

/** Ends one, or all. */
export function endBreakGlass(
  dispatch: Db,
  { id, by }: { readonly id: TokenId | null; readonly by: string },
): Promise<readonly BreakGlass[]> {
  return inTransaction(dispatch, async (tx) => {
    const ended = await revokeBreakGlass(tx, id);
    for (const one of ended) await record(tx, 'identity.endBreakGlass', one, by);
    return ended;
  });
}

async function demandKey(db: Executor, keys: readonly KeyObject[]): Promise<void> {
  const kept = await readFingerprint(db, 'SAGEWAI_ENCRYPTION_KEY');
  if (kept === null) throw new Error('no server has used this database yet');
  if (keys.some((key) => fingerprintKey(key) === kept)) return; // G1
  throw new Error('SAGEWAI_ENCRYPTION_KEY here is not the one of this database');
}

const record = (tx: Tx, action: string, { id, name, reason, expiresAt }: BreakGlass, by: string) =>
  appendAudit(tx, {
    orgId: PLATFORM_CHAIN,
    actor: 'host',
    action,
    subject: `token:${id}`,
    outcome: 'ok',
    requestId: '',
    details: { name, reason, by, expires_at: expiresAt.toISOString() },
  });
