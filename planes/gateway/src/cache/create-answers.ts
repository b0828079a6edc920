import type { Clock } from '@sagewai/clock';
import type { Route } from '@sagewai/http';
import type { Metrics } from '@sagewai/telemetry';

import type { Forward } from '../calls/forward.ts';
import type { SettleCall } from '../calls/settle-call.ts';
import type { Deployment } from '../models/deployment.ts';
import { AnswerCache } from './answer-cache.ts';
import { createCacheMeters } from './cache-meters.ts';
import { cacheRoutes } from './cache-routes.ts';
import type { CacheRules } from './read-controls.ts';
import { SharedAnswers, type SharedAnswersOptions } from './shared-answers.ts';
import { type CacheParts, Settlements, withCache } from './with-cache.ts';

/** The answers that a gateway keeps. */
export interface Answers {
  readonly routes: readonly Route[];
  /** The same, and those whose answers are kept are told what became of them. */
  readonly told: (settle: SettleCall) => SettleCall;
  readonly keeping: (
    forward: Forward,
    parts: Pick<CacheParts, 'decide' | 'reserve' | 'settle' | 'traceOf'>,
  ) => Forward;
  /** These deployments, from now on. */
  serve(deployments: readonly Deployment[]): void;
  /** Other rules; what is kept has the size that it had at the start. */
  apply(rules: CacheRules): void;
}

export function createAnswers(of: {
  readonly config: { readonly cache: CacheRules };
  readonly deployments: readonly Deployment[];
  readonly metrics?: Metrics | undefined;
  readonly clock: Clock;
  readonly sharedAnswers?: SharedAnswersOptions | null | undefined;
}): Answers {
  let rules = of.config.cache;
  let served = of.deployments;
  let isNamed = namesCache(served);
  const cache = new AnswerCache({ bytesMax: rules.bytesMax, clock: of.clock });
  const shared = of.sharedAnswers
    ? new SharedAnswers({ ...of.sharedAnswers, clock: of.clock })
    : null;
  const meters = createCacheMeters(of.metrics, cache);
  const settlements = new Settlements();
  return {
    routes: cacheRoutes({ rules: () => rules, cache, deployments: () => served }),
    told: (settle) => settlements.told(settle),
    keeping: (forward, parts) =>
      withCache(forward, {
        ...parts,
        rules: () => rules,
        isNamed: () => isNamed,
        cache,
        shared,
        meters,
        settlements,
      }),
    serve: (deployments) => {
      served = deployments;
      isNamed = namesCache(served);
    },
    apply: (other) => {
      rules = other;
    },
  };
}

const namesCache = (deployments: readonly Deployment[]): boolean =>
  deployments.some(({ cache }) => cache === true);
