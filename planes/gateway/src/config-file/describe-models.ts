import { formatUsd } from '@sagewai/wire';

import type { GatewayConfig } from '../gateway-config.ts';
import { type Deployment, placeOf } from '../models/deployment.ts';
import type { FallbackKind } from '../routing/fallbacks.ts';
import { PLAIN_TRAFFIC } from '../routing/routing.ts';

const MTOK = 1_000_000n;

const KEPT = {
  always: 'every answer',
  asked: 'where a call asks for it',
  named: 'where a key or a model says so',
} as const;

type Told = Readonly<Record<string, string | number | null>>;

/** What a configuration became, for people. Of a credential: whether there is one. */
export function describeModels({
  deployments,
  routing,
  cache,
  guardrails,
}: Pick<GatewayConfig, 'deployments' | 'routing' | 'cache' | 'guardrails'>): {
  readonly deployments: readonly Told[];
  readonly routing: Told;
} {
  const { fallbacks, retry } = routing;
  const chains = (kind: FallbackKind & keyof typeof fallbacks): string | null =>
    [...fallbacks[kind]].map(([model, chain]) => `${model} → ${chain.join(', ')}`).join('; ') ||
    null;
  return {
    deployments: deployments.map((deployment) => {
      const { weight, order, requestsPerMinute, tokensPerMinute } =
        deployment.traffic ?? PLAIN_TRAFFIC;
      return {
        model: deployment.model,
        deployment: deployment.id,
        provider: deployment.endpoint.provider,
        upstream_model: deployment.upstreamModel,
        base_url: placeOf(deployment.endpoint),
        credential: deployment.endpoint.credential === null ? 'none' : 'set',
        usd_per_mtok: priceText(deployment),
        weight,
        order,
        rpm: requestsPerMinute,
        tpm: tokensPerMinute,
      };
    }),
    routing: {
      routing_strategy: routing.strategy,
      num_retries: retry.retries,
      retry_after_s: retry.retryAfterMs / 1_000,
      allowed_fails: routing.allowedFails,
      cooldown_time_s: routing.cooldownMs / 1_000,
      timeout_s: routing.timeoutMs === null ? null : routing.timeoutMs / 1_000,
      stream_timeout_s: routing.firstTokenMs === null ? null : routing.firstTokenMs / 1_000,
      fallbacks: chains('generic'),
      default_fallbacks: fallbacks.byDefault.join(', ') || null,
      context_window_fallbacks: chains('context'),
      content_policy_fallbacks: chains('contentPolicy'),
      budget_fallbacks: chains('budget'),
      max_fallbacks: fallbacks.max,
      hedge_after:
        [
          ...(routing.hedging.byDefaultMs === null ? [] : [`${routing.hedging.byDefaultMs} ms`]),
          ...[...routing.hedging.ofModelMs].map(([model, ms]) => `${model}: ${ms} ms`),
        ].join('; ') || null,
      model_group_alias:
        [...routing.aliases].map(([name, model]) => `${name} → ${model}`).join('; ') || null,
      cache: `${KEPT[cache.when]}, for ${cache.ttlMs / 1_000} s`,
      guardrails: guardrails.map(({ name, action }) => `${name} (${action})`).join('; ') || null,
    },
  };
}

/** Of tokens, input and output; of pictures and recordings, each. What nobody knows is not 0 (M4). */
function priceText({ price, media = {} }: Pick<Deployment, 'price' | 'media'>): string {
  const { perImage, pictures, perSecond, perCharacter } = media;
  const each = [
    perImage === undefined ? [] : `${formatUsd(perImage)} a picture`,
    pictures === undefined ? [] : 'by size and quality a picture',
    perSecond === undefined ? [] : `${formatUsd(perSecond)} a second`,
    perCharacter === undefined ? [] : `${formatUsd(perCharacter)} a character`,
  ].flat();
  if (price === undefined) return each.join('; ') || 'unknown';
  const { input, output } = price.rates;
  return [`${formatUsd(input * MTOK)} / ${formatUsd(output * MTOK)}`, ...each].join('; ');
}
