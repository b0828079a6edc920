import { randomFillSync } from 'node:crypto';

const COUNTER_MAX = 0xfff;
const RANDOM_BYTES_PER_ID = 10;
const POOL_BYTES = 4090;

/**
 * Makes UUIDs of version 7 (RFC 9562) that grow strictly within one source, also when many fall into
 * one millisecond or the clock goes back: twelve bits after the timestamp are a counter, which starts
 * anywhere in its lower half and borrows the next millisecond when it is full. Sixty-two bits are
 * random. They name things; they are never a credential.
 */
export function createIdSource(nowMs: () => number): () => string {
  const pool = Buffer.alloc(POOL_BYTES);
  let used = POOL_BYTES;
  let lastMs = 0;
  let counter = 0;
  return () => {
    if (used + RANDOM_BYTES_PER_ID > POOL_BYTES) {
      randomFillSync(pool);
      used = 0;
    }
    const ms = nowMs();
    if (ms > lastMs) {
      lastMs = ms;
      counter = pool.readUInt16BE(used) & (COUNTER_MAX >> 1);
    } else if (counter < COUNTER_MAX) {
      counter += 1;
    } else {
      lastMs += 1;
      counter = 0;
    }
    const time = lastMs.toString(16).padStart(12, '0');
    const start = used + 2;
    used += RANDOM_BYTES_PER_ID;
    pool[start] = ((pool[start] ?? 0) & 0x3f) | 0x80;
    const random = pool.toString('hex', start, used);
    return `${time.slice(0, 8)}-${time.slice(8)}-7${counter.toString(16).padStart(3, '0')}-${random.slice(0, 4)}-${random.slice(4)}`;
  };
}

const nextId = createIdSource(Date.now);

/** A fresh identifier, of the branded type that is asked for: `newId<RunId>()`. */
export const newId = <Id extends string = string>(): Id => nextId() as Id;
