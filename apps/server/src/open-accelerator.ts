import type { SharedAnswersOptions } from '@sagewai/gateway';
import type { Log } from '@sagewai/log';
import type { Accelerator } from '@sagewai/redis';
import type { Metrics } from '@sagewai/telemetry';

import type { ServerConfig } from './config.ts';
import { keysFor } from './encryption/purposes.ts';
import type { ServerKeys } from './server-keys.ts';

/** Null: there is no Redis, and nobody misses it. */
export async function openAccelerator(
  { redisUrl, redisPrefix }: ServerConfig,
  of: { readonly log: Log; readonly metrics: Metrics },
): Promise<Accelerator | null> {
  if (redisUrl === null) return null;
  // Its client is memory that most servers have no use for.
  const { openRedis } = await import('@sagewai/redis');
  return openRedis({ url: redisUrl, prefix: redisPrefix, ...of });
}

/** Where all servers find what one of them keeps; null: each has its own. */
export function answersIn(
  redis: Accelerator | null,
  { redisAnswers }: ServerConfig,
  { sealing }: ServerKeys,
): SharedAnswersOptions | null {
  if (redis === null || !redisAnswers) return null;
  return { store: redis, sealing: keysFor(sealing, 'gateway-answer') };
}
