import { randomBytes, randomUUID } from 'node:crypto';

import type { ObjectStore } from './object-store.ts';

/** Writes, reads and deletes a small object. Throws what the store throws, or that it lost the object. */
export async function probeStore(store: ObjectStore): Promise<{ readonly latencyMs: number }> {
  const startedAt = performance.now();
  const key = `probe/${randomUUID()}`;
  const bytes = randomBytes(64);
  await store.put(key, bytes);
  const found = await store.get(key);
  await store.delete(key);
  if (found === null || !bytes.equals(found)) throw new Error('what was written is not read back');
  return { latencyMs: Math.round((performance.now() - startedAt) * 10) / 10 };
}
