import { type Config, field } from '@sagewai/config';

import type { CacheRules } from './read-controls.ts';

export const cacheFields = {
  ANSWER_CACHE_BYTES_MAX: field.integer({
    description:
      'What each server keeps in memory of earlier answers, where a key, a model or the models file says that they may be kept; 0: nothing.',
    default: 67_108_864,
    min: 0,
  }),
  ANSWER_CACHE_TTL: field.duration({
    description:
      'For how long an answer is kept, unless cache_params.ttl, a key or a request says otherwise.',
    default: 600_000,
    min: 1,
  }),
} as const;

/** Until a models file, a model or a key says more. */
export const cacheOf = (settings: Config<typeof cacheFields>): CacheRules => ({
  when: 'named',
  ttlMs: settings.answerCacheTtlMs,
  bytesMax: settings.answerCacheBytesMax,
});
