import type { Log } from '@sagewai/log';
import { type Accelerator, openRedis } from '@sagewai/redis';
import type { Metrics } from '@sagewai/telemetry';

import type { ServerConfig } from './config.ts';

/** Null: there is no Redis, and nobody misses it. */
export function openAccelerator(
  { redisUrl, redisPrefix }: ServerConfig,
  of: { readonly log: Log; readonly metrics: Metrics },
): Accelerator | null {
  return redisUrl === null ? null : openRedis({ url: redisUrl, prefix: redisPrefix, ...of });
}
