import type { TestProject } from 'vitest/node';

import { keepLosing } from './redis-mode.ts';
import { startRedis } from './redis-server.ts';
import { startTestCluster } from './test-cluster.ts';

/** Vitest calls this once for each project of a run that names the file, and the result at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { postgresBinDir, redisMode } = project.getProvidedContext();
  const cluster = await startTestCluster({ binDir: postgresBinDir || null });
  const { url, adminUrl, version } = cluster;
  project.provide('testCluster', { url, adminUrl, version });
  const redis = redisMode === 'none' ? null : await startRedis();
  project.provide('redisUrl', redis?.url ?? null);
  const losing = redis !== null && redisMode === 'lost' ? keepLosing(redis) : null;
  return async () => {
    await losing?.stop();
    await redis?.kill();
    await cluster.stop();
  };
}
