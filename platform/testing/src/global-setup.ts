import type { TestProject } from 'vitest/node';

import { startTestCluster } from './test-cluster.ts';

/** Vitest calls this once for each project of a run that names the file, and the result at the end. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { postgresBinDir } = project.getProvidedContext();
  const cluster = await startTestCluster({ binDir: postgresBinDir || null });
  const { url, adminUrl, version } = cluster;
  project.provide('testCluster', { url, adminUrl, version });
  return () => cluster.stop();
}
