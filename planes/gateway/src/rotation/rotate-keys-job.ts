import { mintToken, seal, type SealingKeys, tokenHint } from '@sagewai/crypto';
import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit } from '@sagewai/trust';
import type { KeyId, OrganizationId } from '@sagewai/wire';

import { adjustKey, findKey } from '../keys/keys.sql.ts';
import { KEY_PREFIX } from '../keys/virtual-key.ts';
import { replaceValue } from './replace-value.ts';
import { type RotationSettings, sealedFor } from './rotation.ts';
import { holdDueRotation, listDueRotations, noteRotated, stopRotation } from './rotations.sql.ts';

const AT_ONCE = 50;
const ACTOR = 'gateway';

interface Parts {
  readonly db: Db;
  readonly log: Log;
  readonly keys: SealingKeys;
  readonly settings: RotationSettings;
}

export function rotateKeysJob(parts: Parts): Job {
  return job({
    name: 'gateway.rotateKeys',
    everyMs: parts.settings.lookMs,
    runsOn: 'leader',
    converges: 'a key that rotates by itself gets a new value when its interval is over',
    ifItNeverRuns: 'keys keep their values, which /key/info shows',
    run: async (signal) => {
      for (const due of await listDueRotations(parts.db, AT_ONCE)) {
        if (signal.aborted) return;
        await rotate(due, parts).catch((error: unknown) => {
          parts.log.error('a key could not be rotated', { key: due.id, error });
        });
      }
    },
  });
}

/** V3. The new value, what it replaces and the entry of the audit log are one transaction. */
async function rotate(
  { orgId, id }: { readonly orgId: OrganizationId; readonly id: KeyId },
  { db, keys, settings }: Parts,
): Promise<void> {
  await inTenant(db, [orgId], async (tx) => {
    const rotation = await holdDueRotation(tx, { orgId, id });
    if (rotation === null) return;
    const value = mintToken(KEY_PREFIX);
    const hint = tokenHint(value);
    const before = await findKey(tx, { orgId, projectId: null, id });
    const name = before?.name === before?.hint ? { name: hint } : {};
    const change = { hint, ...name, updatedBy: ACTOR };
    const key = await adjustKey(tx, { orgId, projectId: null, id }, change);
    if (key === null) return stopRotation(tx, { orgId, id });
    const overlapMs = Math.min(settings.overlapMs, rotation.everySeconds * 500);
    await replaceValue(tx, { orgId, id }, { value, keepsFormer: overlapMs > 0 });
    await noteRotated(
      tx,
      { orgId, id },
      { overlapMs, sealed: seal(keys[0], value, sealedFor({ orgId, id })) },
    );
    await appendAudit(tx, {
      orgId,
      actor: ACTOR,
      action: 'key.rotated',
      subject: `key:${id}`,
      outcome: 'ok',
      requestId: '',
      details: { name: key.name, project_id: key.projectId, overlap_ms: overlapMs },
    });
  });
}
