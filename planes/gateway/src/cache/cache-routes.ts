import { implement, type Route } from '@sagewai/http';
import { getAnswerCache } from '@sagewai/wire';

import type { Deployment } from '../models/deployment.ts';
import type { AnswerCache } from './answer-cache.ts';
import type { CacheRules } from './read-controls.ts';

export function cacheRoutes(of: {
  readonly rules: () => CacheRules;
  readonly cache: AnswerCache;
  readonly deployments: () => readonly Deployment[];
}): Route[] {
  return [
    implement(getAnswerCache, async () => ({
      when: of.rules().when,
      ttl_seconds: of.rules().ttlMs / 1_000,
      bytes: of.cache.bytes,
      bytes_max: of.cache.bytesMax,
      entries: of.cache.size,
      deployments: of
        .deployments()
        .flatMap(({ id, cache }) => (cache === undefined ? [] : [{ id, is_kept: cache }])),
    })),
  ];
}
