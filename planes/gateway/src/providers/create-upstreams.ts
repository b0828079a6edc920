import type { Clock } from '@sagewai/clock';
import type { Egress } from '@sagewai/egress';

import type { GatewayConfig } from '../gateway-config.ts';
import type { Deployment, Endpoint } from '../models/deployment.ts';
import type { SourcedCatalogue } from '../sources/with-sources.ts';
import { authorizeFor } from './authorize-for.ts';
import { createHttpUpstream } from './http-upstream.ts';
import { createSimulated } from './simulated.ts';
import type { Upstream } from './upstream.ts';

export type Pool = ReturnType<Egress['pool']>;

/** One upstream an endpoint, made when it is first called. */
export function createUpstreams(
  config: Pick<GatewayConfig, 'simulated'>,
  of: {
    readonly poolOf: (url: string) => Pool;
    readonly clock: Clock;
    readonly sourced: Pick<SourcedCatalogue, 'upstreamOf'>;
  },
): (deployment: Deployment) => Upstream {
  const simulated = createSimulated(config.simulated ?? { firstTokenMs: 0, perTokenMs: 0 });
  const upstreams = new WeakMap<Endpoint, Upstream>();
  return ({ endpoint }) => {
    if (endpoint.provider === 'simulated') return simulated;
    const own = endpoint.provider === 'source' ? of.sourced.upstreamOf(endpoint) : undefined;
    if (own !== undefined) return own;
    const known = upstreams.get(endpoint);
    if (known !== undefined) return known;
    const made = createHttpUpstream(
      endpoint,
      of.poolOf(endpoint.baseUrl),
      authorizeFor(endpoint, of),
    );
    upstreams.set(endpoint, made);
    return made;
  };
}
