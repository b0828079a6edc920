import type { Tx } from '@sagewai/postgres';

import type { VirtualKey } from '../keys/virtual-key.ts';
import type { KeyFields } from '../litellm/key-fields.ts';
import { readDuration } from '../litellm/read-duration.ts';
import { mistaken } from '../litellm/refuse-fields.ts';
import { INTERVAL_SECONDS_MIN } from './rotation.ts';
import { listRotations, scheduleRotation, stopRotation } from './rotations.sql.ts';

type Asked = Pick<KeyFields, 'auto_rotate' | 'rotation_interval'>;

/** What a body says about rotation. What is left out stays. */
export async function applyRotation(
  tx: Tx,
  { orgId, id }: Pick<VirtualKey, 'orgId' | 'id'>,
  { auto_rotate: rotates, rotation_interval: said }: Asked,
): Promise<void> {
  if (rotates === undefined && said === undefined) return;
  if (rotates === false || rotates === null) {
    if (typeof said === 'string') throw mistaken('rotation_interval', 'goes with auto_rotate');
    return stopRotation(tx, { orgId, id });
  }
  const had = (await listRotations(tx, orgId, [id])).get(id)?.interval ?? null;
  if (rotates === undefined && had === null && said === null) return;
  const interval = said === undefined ? had : said;
  if (interval === null || (rotates === undefined && had === null)) {
    const field = interval === null ? 'rotation_interval' : 'auto_rotate';
    throw mistaken(field, 'is needed: auto_rotate and rotation_interval go together');
  }
  const everySeconds = readDuration(interval, 'rotation_interval') ?? 0;
  if (everySeconds < INTERVAL_SECONDS_MIN) {
    throw mistaken('rotation_interval', 'must be 1h at least, like 30d');
  }
  await scheduleRotation(tx, { orgId, id }, { interval, everySeconds });
}
