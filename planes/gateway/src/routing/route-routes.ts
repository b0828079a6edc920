import { found, implement, type Route } from '@sagewai/http';
import { explainRoute } from '@sagewai/wire';

import type { Catalogue } from '../models/catalogue.ts';
import type { Switchboard } from '../switchboard.ts';
import { chainOf, type FallbackKind, type Fallbacks } from './fallbacks.ts';

/** How calls would be routed now, as this replica sees it. */
export function routeRoutes(of: {
  readonly catalogue: Pick<Catalogue, 'find'>;
  readonly switchboard: Pick<Switchboard, 'explain'>;
  readonly fallbacks: () => Fallbacks;
}): Route[] {
  return [
    implement(explainRoute, async ({ query, caller }) => {
      const detail = `The model \`${query.model}\` does not exist, or no provider of it is configured.`;
      const group = found(
        (await of.catalogue.find(query.model, caller)) ?? null,
        detail,
        'model.missing',
      );
      const { strategy, chosen, candidates } = of.switchboard.explain(group);
      const chain = (kind: FallbackKind): string[] => chainOf(of.fallbacks(), kind, group.model);
      return {
        requested_model: query.model,
        model: group.model,
        strategy: group.deployments.length > 1 ? strategy : null,
        chosen: chosen ?? null,
        candidates: candidates.map((each) => ({
          deployment: each.id,
          provider: each.deployment.endpoint.provider,
          upstream_model: each.deployment.upstreamModel,
          weight: each.weight,
          order: each.order,
          cools_for_ms: Math.ceil(each.coolsForMs),
          is_full: each.isFull,
          in_flight: each.inFlight,
          latency_ms: each.latencyMs === null ? null : Math.round(each.latencyMs),
          tokens_this_minute: each.tokensThisMinute,
          passed_because: each.passed ?? null,
        })),
        fallbacks: {
          generic: chain('generic'),
          context_window: chain('context'),
          content_policy: chain('contentPolicy'),
          budget: chain('budget'),
        },
      };
    }),
  ];
}
