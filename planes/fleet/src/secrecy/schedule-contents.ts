import { type Db, type Executor, inTenant } from '@sagewai/postgres';
import type { OrganizationId, RunId } from '@sagewai/wire';

import type { Schedule } from '../schedules/schedules.sql.ts';
import { findSchedulesToSeal, putPayload } from '../schedules/schedules.sql.ts';
import type { ContentKeys } from './content-keys.ts';
import { parseContent } from './content.ts';

/** A schedule's payload stands under a key of its own, as if the schedule were a run. */
const asRun = ({ id }: Pick<Schedule, 'id'>): RunId => id as RunId;

/** As it is stored (E1). */
export async function sealSchedule<Of extends Omit<Schedule, 'createdAt'>>(
  keys: ContentKeys,
  schedule: Of,
): Promise<Of> {
  const { orgId, projectId, submission } = schedule;
  const sealer = await keys.sealer(orgId, projectId);
  if (sealer === null) return { ...schedule, sealed: null };
  const sealed = sealer.encrypt(asRun(schedule), JSON.stringify(submission.payload));
  return { ...schedule, submission: { ...submission, payload: {} }, sealed };
}

/** As its readers see it; null: its key is gone. */
export async function openSchedule<Of extends Schedule>(
  keys: ContentKeys,
  tx: Executor,
  schedule: Of,
): Promise<Of | null> {
  const { orgId, submission, sealed } = schedule;
  if (sealed === null) return schedule;
  const keyId = parseContent(sealed)?.keyId;
  if (keyId !== undefined) await keys.hold(orgId, [keyId], tx);
  const text = keys.decrypt(asRun(schedule), sealed);
  if (text === null) return null;
  const payload = JSON.parse(text) as Schedule['submission']['payload'];
  return { ...schedule, submission: { ...submission, payload }, sealed: null };
}

/** Puts what stands under a key (null: in clear) under the present one. What does not open keeps its key. */
export async function resealSchedules(
  { db, keys, limit }: { readonly db: Db; readonly keys: ContentKeys; readonly limit: number },
  orgId: OrganizationId,
  keyId: string | null,
): Promise<void> {
  for (let after = ''; ;) {
    const last = await inTenant(db, [orgId], async (tx) => {
      const found = await findSchedulesToSeal(tx, { orgId, keyId, after, limit });
      for (const schedule of found) {
        const opened = await openSchedule(keys, tx, schedule);
        const again = opened && (await sealSchedule(keys, opened));
        if (again !== null && again.sealed !== null) await putPayload(tx, again);
      }
      return found.length < limit ? null : (found.at(-1)?.id ?? null);
    });
    if (last === null) return;
    after = last;
  }
}
