import { hostname } from 'node:os';

import { fingerprintKey } from '@sagewai/crypto';
import { listOrganizationIds } from '@sagewai/identity';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { type Db, inTransaction } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import { type OrganizationId, PLATFORM_CHAIN } from '@sagewai/wire';

import type { ServerKeys } from '../server-keys.ts';
import { noteCount, noteHolder, readHolders, readKeys } from './key-register.sql.ts';
import { countSealed, type Moved, resealAll } from './reseal.ts';

export interface EncryptionParts {
  readonly db: Db;
  readonly dispatch: Db;
  readonly keys: Pick<ServerKeys, 'sealing' | 'replica'>;
  readonly settings: { readonly seenMs: number; readonly resealMs: number };
  readonly log: Log;
}

/** Who was not seen for so many looks is gone. */
const LOOKS_MISSED = 3;
const ORGANIZATIONS_AT_ONCE = 200;

export const aliveMs = (seenMs: number): number => seenMs * LOOKS_MISSED;

export const organizationsOf =
  (db: Db) =>
  (after: OrganizationId | undefined): Promise<OrganizationId[]> =>
    listOrganizationIds(db, { limit: ORGANIZATIONS_AT_ONCE, cursor: after });

/** One round of moving rows, and the count that says whether a former key is still needed. */
export async function resealRound(parts: EncryptionParts, signal: AbortSignal): Promise<Moved> {
  const { db, dispatch, keys, settings, log } = parts;
  const replaced = (await readKeys(dispatch)).filter(({ replacedAt }) => replacedAt !== null);
  const given = new Set(keys.sealing.map(fingerprintKey));
  const held = replaced.filter(({ fingerprint }) => given.has(fingerprint));
  if (held.length === 0) return { moved: 0, overtaken: 0, broken: new Map(), whole: true };
  const of = { db, dispatch, keys: keys.sealing, organizations: organizationsOf(db) };
  const moved = await resealAll({ ...of, signal });
  if (!moved.whole) return moved;
  // R3. First who seals with it, then what stands under it.
  const holders = await readHolders(dispatch, aliveMs(settings.seenMs));
  const counted = await countSealed(of);
  for (const { fingerprint } of held) {
    const count = {
      fingerprint,
      remaining: counted.under(fingerprint),
      broken: moved.broken.get(fingerprint) ?? 0,
      isSealedWith: holders.some(({ sealing }) => sealing === fingerprint),
      apartMs: settings.resealMs,
    };
    const isNews = await inTransaction(dispatch, async (tx) => {
      const emptied = await noteCount(tx, count);
      if (!emptied) return false;
      await appendAudit(tx, {
        orgId: PLATFORM_CHAIN,
        actor: 'server',
        action: 'encryption.keyEmptied',
        subject: `encryption-fingerprint:${fingerprint}`,
        outcome: 'ok',
        requestId: '',
        details: { fingerprint, broken: count.broken },
      });
      return true;
    });
    if (isNews) log.info('a former key is no longer needed', { fingerprint });
  }
  return moved;
}

export function encryptionJobs(parts: EncryptionParts): Job[] {
  const { dispatch, keys, settings, log } = parts;
  const opening = keys.sealing.map(fingerprintKey);
  const [sealing = ''] = opening;
  const holder = { replica: keys.replica, host: hostname(), sealing, opening };
  const beat = job({
    name: 'server.keyHolder',
    everyMs: settings.seenMs,
    runsOn: 'every-replica',
    converges: 'it is known which encryption keys the servers that run can open',
    ifItNeverRuns: 'a new key may be used before every server has it',
    run: async () => {
      await noteHolder(dispatch, holder, aliveMs(settings.seenMs));
      const present = (await readKeys(dispatch)).find(({ replacedAt }) => replacedAt === null);
      if (present === undefined || opening.includes(present.fingerprint)) return;
      log.error('rows are sealed with a key that this server was not given: restart it with it', {
        fingerprint: present.fingerprint,
      });
    },
  });
  if (keys.sealing.length === 1) return [beat];
  const reseal = job({
    name: 'server.reseal',
    everyMs: settings.resealMs,
    runsOn: 'leader',
    converges: 'nothing stands under a former encryption key',
    ifItNeverRuns: 'the former key has to be kept, which `sagewai encryption status` shows',
    run: async (signal) => {
      const { moved, overtaken, broken } = await resealRound(parts, signal);
      if (moved > 0) log.info('rows were sealed with the present key', { moved, overtaken });
      for (const [fingerprint, count] of broken) {
        log.error('rows do not open with the key that is named in them', { fingerprint, count });
      }
    },
  });
  return [beat, reseal];
}
