import type { Egress } from '@sagewai/egress';

import type { Endpoint } from '../models/deployment.ts';
import type { Pool } from './create-upstreams.ts';
import { askUpstream, type ListedModel, listUpstreamModels } from './list-models.ts';

const TIMEOUT_MS = 5_000;

/** What providers are asked beside calls: which models they have, and whether they are well. */
export function createAskers(of: {
  readonly egress: Pick<Egress, 'pool'>;
  readonly poolOf: (url: string) => Pool;
  readonly closing: AbortSignal;
}): {
  readonly ask: (endpoint: Endpoint) => Promise<number>;
  readonly list: (endpoint: Endpoint) => Promise<readonly ListedModel[]>;
} {
  const inTime = (): AbortSignal => AbortSignal.any([of.closing, AbortSignal.timeout(TIMEOUT_MS)]);
  return {
    ask: (endpoint) => askUpstream(endpoint, of.poolOf(endpoint.baseUrl), inTime()),
    list: (endpoint) => listUpstreamModels(endpoint, of.egress.pool(endpoint.baseUrl), inTime()),
  };
}
