import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { ContentKind } from '../objects/content-reference.ts';
import type { LargeContents } from '../objects/large-contents.ts';
import type { ContentKeys } from './content-keys.ts';
import { parseContent } from './content.ts';
import {
  findKeyWork,
  findOutcomesUnder,
  findPayloadsUnder,
  findRetiringKeys,
  readPageInClear,
  recordRetiring,
  recordSweep,
  retireIfEmpty,
  type Rewriting,
  rewriteContents,
  type StoredContent,
} from './contents.sql.ts';
import { resealSchedules } from './schedule-contents.ts';

export interface ReencryptionOptions {
  readonly db: Db;
  readonly dispatch: Db;
  readonly keys: ContentKeys;
  readonly large: LargeContents;
  readonly log: Log;
  /** Rows in one transaction. */
  readonly batch: number;
  readonly graceMs: number;
}

/**
 * One round: encrypts what was stored in clear before encryption was switched on, moves what stands under
 * a retiring key to the present one, and retires keys that are left. Each batch is a transaction that is
 * whole by itself, so that whoever is interrupted goes on where it stopped, here or on another replica.
 */
export async function reencryptContents(
  options: ReencryptionOptions,
  signal: AbortSignal,
): Promise<void> {
  const { db, dispatch, keys, graceMs } = options;
  const work = await findKeyWork(dispatch, graceMs);
  if (work.length > 0) await keys.refresh();
  for (const { orgId, sweptTo } of work) {
    let after = sweptTo;
    const schedules = { db, keys, limit: options.batch };
    if (after !== null) await resealSchedules(schedules, orgId, null);
    while (after !== null && !signal.aborted) after = await sweep(options, orgId, after);
    const retiring = await inTenant(db, [orgId], (tx) => findRetiringKeys(tx, orgId));
    for (const keyId of retiring) {
      while (!signal.aborted && (await moveBatch(options, orgId, keyId)) > 0);
      if (signal.aborted) return;
      await resealSchedules(schedules, orgId, keyId);
      const retired = await inTenant(db, [orgId], (tx) => retireIfEmpty(tx, keyId, graceMs));
      if (retired) options.log.info('a content key is retired', { key: keyId });
    }
    await inTenant(db, [orgId], (tx) => recordRetiring(tx, orgId));
  }
}

/** Null: the end was reached. */
async function sweep(
  { db, keys, large, batch: limit }: ReencryptionOptions,
  orgId: OrganizationId,
  after: string,
): Promise<string | null> {
  return inTenant(db, [orgId], async (tx) => {
    const { last, contents } = await readPageInClear(tx, { orgId, after, limit });
    await rewriteContents(tx, await rewritingsOf({ keys, large }, orgId, contents));
    await recordSweep(tx, orgId, last);
    return last;
  });
}

async function moveBatch(
  { db, keys, large, batch: limit, log }: ReencryptionOptions,
  orgId: OrganizationId,
  keyId: string,
): Promise<number> {
  return inTenant(db, [orgId], async (tx) => {
    const contents = [
      ...(await findPayloadsUnder(tx, keyId, limit)),
      ...(await findOutcomesUnder(tx, keyId, limit)),
    ];
    if (contents.length === 0) return 0;
    await keys.hold(orgId, [keyId], tx);
    const rewritings = await rewritingsOf({ keys, large }, orgId, contents);
    if (rewritings.length < contents.length) {
      log.error('contents do not open under their key, and keep it', {
        key: keyId,
        runs: contents.length - rewritings.length,
      });
    }
    return rewriteContents(tx, rewritings);
  });
}

/** What does not open is left as it is: it is lost already, and a key that it names is not retired. */
async function rewritingsOf(
  { keys, large }: Pick<ReencryptionOptions, 'keys' | 'large'>,
  orgId: OrganizationId,
  contents: readonly StoredContent[],
): Promise<Rewriting[]> {
  const rewritings: Rewriting[] = [];
  for (const from of contents) {
    const sealer = await keys.sealer(orgId, from.projectId);
    if (sealer === null) continue;
    const { runId } = from;
    const again = async (
      given: string | null,
      kind: ContentKind | null,
    ): Promise<string | null | undefined> => {
      if (given === null) return null;
      const isJson = kind !== null;
      const text = kind === null ? given : await large.resolve({ orgId, runId, kind }, given);
      if (text === null) return undefined;
      const stored = isJson && text.startsWith('"enc1.') ? (JSON.parse(text) as string) : text;
      const isSealed = parseContent(stored) !== null;
      const plain = isSealed ? keys.decrypt(from.runId, stored) : text;
      if (plain === null) return undefined;
      const sealed = sealer.encrypt(from.runId, plain);
      return kind === null ? sealed : large.keep({ orgId, runId, kind }, JSON.stringify(sealed));
    };
    const payload = await again(from.payload, 'payload');
    const output = await again(from.output, 'output');
    const error = await again(from.error, null);
    if (payload === undefined || output === undefined || error === undefined) continue;
    rewritings.push({ from, to: { ...from, payload, output, error } });
  }
  return rewritings;
}
