import { fingerprintKey } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { implementOwn, type Route } from '@sagewai/http';
import { inTransaction } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import { getEncryptionKeys, type OutputOf, PLATFORM_CHAIN, resealRows } from '@sagewai/wire';

import { aliveMs, type EncryptionParts, organizationsOf, resealRound } from './encryption-jobs.ts';
import { type KnownKey, readHolders, readKeys } from './key-register.sql.ts';
import { countSealed } from './reseal.ts';

type Status = OutputOf<typeof getEncryptionKeys>;

/** How long one request moves rows; whoever asks goes on asking. */
const ROUND_MS_MAX = 5_000;

export function encryptionKeyRoutes(parts: EncryptionParts): Route[] {
  const { dispatch, keys } = parts;
  return [
    implementOwn(getEncryptionKeys, () => statusOf(parts)),

    implementOwn(resealRows, async ({ caller, request }) => {
      if (keys.sealing.length === 1) {
        throw new Fault('state.conflict', 'rows are moved where there is one key', {
          detail:
            'This server has one encryption key, so there is nothing to move. To replace it, give the next ' +
            'one to every server in SAGEWAI_ENCRYPTION_KEYS_OTHER, and then change SAGEWAI_ENCRYPTION_KEY.',
        });
      }
      const { moved, whole } = await resealRound(parts, AbortSignal.timeout(ROUND_MS_MAX));
      await inTransaction(dispatch, (tx) =>
        appendAudit(tx, {
          orgId: PLATFORM_CHAIN,
          actor: nameActor(caller),
          action: resealRows.id,
          subject: 'encryption keys',
          outcome: 'ok',
          requestId: request.id,
          details: { moved, whole },
        }),
      );
      return { ...(await statusOf(parts)), moved, whole };
    }),
  ];
}

async function statusOf({ db, dispatch, keys, settings }: EncryptionParts): Promise<Status> {
  const known = await readKeys(dispatch);
  const holders = await readHolders(dispatch, aliveMs(settings.seenMs));
  const organizations = organizationsOf(db);
  const counted = await countSealed({ db, dispatch, keys: keys.sealing, organizations });
  const present =
    known.find(({ replacedAt }) => replacedAt === null)?.fingerprint ??
    fingerprintKey(keys.sealing[0]);
  return {
    present,
    settled: known.every(({ replacedAt, emptiedAt }) => replacedAt === null || emptiedAt !== null),
    keys: known.map((key) => ({
      fingerprint: key.fingerprint,
      state: stateOf(key),
      first_used_at: key.firstUsedAt.toISOString(),
      replaced_at: key.replacedAt?.toISOString() ?? null,
      remaining: counted.under(key.fingerprint),
      broken: key.broken,
      counted_at: key.countedAt?.toISOString() ?? null,
      emptied_at: key.emptiedAt?.toISOString() ?? null,
    })),
    servers: holders.map((holder) => ({
      id: holder.replica,
      host: holder.host,
      seals_with: holder.sealing,
      opens: [...holder.opening],
      started_at: holder.startedAt.toISOString(),
      seen_at: holder.seenAt.toISOString(),
    })),
    columns: counted.columns.map(({ table, column, under }) => {
      const here = under.get(present) ?? 0;
      const unknown = under.get('unknown') ?? 0;
      const all = [...under.values()].reduce((sum, one) => sum + one, 0);
      return { table, column, present: here, former: all - here - unknown, unknown };
    }),
  };
}

function stateOf({ replacedAt, emptiedAt }: KnownKey): Status['keys'][number]['state'] {
  if (replacedAt === null) return 'present';
  return emptiedAt === null ? 'replaced' : 'unneeded';
}
