import type { Metrics } from '@sagewai/telemetry';
import type { PicoUsd } from '@sagewai/wire';

import type { AnswerCache } from './answer-cache.ts';

export type Looked = 'hit' | 'miss' | 'partial';

export interface CacheMeters {
  looked(what: 'answer' | 'embedding', found: Looked, savedPusd: PicoUsd): void;
}

const PICO_PER_USD = 1e12;

export function createCacheMeters(metrics: Metrics | undefined, cache: AnswerCache): CacheMeters {
  const looked = metrics?.counter({
    name: 'sagewai_answer_cache_total',
    help: 'Calls whose answer may be one that was kept, by what was found; partial: some of the texts to embed.',
    labels: ['what', 'found'],
  });
  const saved = metrics?.counter({
    name: 'sagewai_answer_cache_saved_usd_total',
    help: 'What calls did not cost that were answered from what was kept; the ledger has the exact sums.',
  });
  metrics?.gauge({
    name: 'sagewai_answer_cache_bytes',
    help: 'What this replica keeps of earlier answers.',
    collect: (gauge) => gauge.set({}, cache.bytes),
  });
  metrics?.gauge({
    name: 'sagewai_answer_cache_entries',
    help: 'How many answers and embeddings that is.',
    collect: (gauge) => gauge.set({}, cache.size),
  });
  return {
    looked: (what, found, savedPusd) => {
      looked?.add({ what, found });
      if (savedPusd > 0n) saved?.with({}).add(Number(savedPusd) / PICO_PER_USD);
    },
  };
}
