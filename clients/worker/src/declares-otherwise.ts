import type { WorkerCredential } from '@sagewai/sdk/node';

import { POOL_DEFAULT } from './config.ts';

type Declared = Pick<WorkerCredential, 'pool' | 'models' | 'labels' | 'project' | 'seal_key'>;

/**
 * What is declared now and was not declared when the credential was made; null when it still fits. What
 * is left at its default is not a declaration: a worker that was registered by hand is started without
 * saying it all again.
 */
export function declaresOtherwise(kept: Declared, now: Declared): keyof Declared | null {
  if (now.pool !== POOL_DEFAULT && now.pool !== kept.pool) return 'pool';
  if (now.models.length > 0 && !isSameSet(now.models, kept.models)) return 'models';
  const labels = pairsOf(now.labels);
  if (labels.length > 0 && !isSameSet(labels, pairsOf(kept.labels))) return 'labels';
  if (now.project && now.project !== kept.project) return 'project';
  return now.seal_key !== undefined && now.seal_key !== kept.seal_key ? 'seal_key' : null;
}

const pairsOf = (labels: Readonly<Record<string, string>>): string[] =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`);

function isSameSet(one: readonly string[], other: readonly string[]): boolean {
  return JSON.stringify(one.toSorted()) === JSON.stringify(other.toSorted());
}
