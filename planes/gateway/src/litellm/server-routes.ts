import { Fault } from '@sagewai/fault';
import { type Caller, implementOwn, type Route } from '@sagewai/http';
import { listOrganizationIds } from '@sagewai/identity';
import type { Db } from '@sagewai/postgres';
import {
  type OutputOf,
  type PicoUsd,
  readEndpointMap,
  readLitellmHealth,
  readLitellmReadiness,
  readLiveliness,
  readLiveness,
  readModelInfo,
  readModelInfoV1,
} from '@sagewai/wire';

import { mayCall } from '../keys/may-call.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { type Deployment, placeOf } from '../models/deployment.ts';
import type { ModelGroup } from '../models/model-table.ts';
import type { Switchboard } from '../switchboard.ts';
import { toDollars } from './show-balance.ts';

type ModelInfo = OutputOf<typeof readModelInfo>;
type Health = OutputOf<typeof readLitellmHealth>;

/** Where what is served here is, for whoever opens the address. */
const ENDPOINTS = {
  'OpenAI chat completions': 'POST /v1/chat/completions',
  'OpenAI responses': 'POST /v1/responses',
  'OpenAI embeddings': 'POST /v1/embeddings',
  'Anthropic messages': 'POST /v1/messages',
  models: 'GET /v1/models',
  'model info': 'GET /model/info',
  'virtual keys': 'POST /key/generate',
  teams: 'POST /team/new',
  users: 'POST /user/new',
  health: 'GET /health',
  'our own API': '/api/v1',
};

export function serverRoutes(of: {
  readonly db: Db;
  readonly catalogue: Pick<Catalogue, 'all' | 'unreachable'>;
  readonly switchboard: Pick<Switchboard, 'explain'>;
  readonly isStored: (id: string) => boolean;
}): Route[] {
  const modelInfo = async (caller: Caller, id: string | undefined): Promise<ModelInfo> => {
    const { groups } = await of.catalogue.all(caller);
    // Who signed in has no list of models that it may call, as a key has.
    const isOurs = caller.kind === 'token' || caller.kind === 'account';
    // Where models run is the business of whoever runs the server, not of every organization on it.
    const isOperator = caller.kind === 'token' && caller.scopes.has('platform');
    const data = groups
      .filter((group) => isOurs || mayCall(caller.detail as CallerDetail, group))
      .flatMap(({ deployments }) => deployments)
      .filter((deployment) => id === undefined || deployment.id === id)
      .map((deployment) => showDeployment(deployment, isOperator, of.isStored(deployment.id)));
    return { data };
  };
  return [
    implementOwn(readModelInfo, ({ caller, query }) => modelInfo(caller, query.litellm_model_id)),
    implementOwn(readModelInfoV1, ({ caller, query }) => modelInfo(caller, query.litellm_model_id)),

    implementOwn(readLitellmHealth, async ({ caller }) => {
      const { groups } = await of.catalogue.all();
      const health = judge(groups, of.switchboard);
      const isKnown = caller.kind === 'token' || caller.kind === 'account';
      const count = { total_sessions: 0, total_messages: 0 };
      const isWell = health.unhealthy.length === 0 && of.catalogue.unreachable().length === 0;
      return {
        status: isWell ? ('healthy' as const) : ('degraded' as const),
        healthy_endpoints: isKnown ? health.healthy : [],
        unhealthy_endpoints: isKnown ? health.unhealthy : [],
        healthy_count: health.healthy.length,
        unhealthy_count: health.unhealthy.length,
        sessions: count,
      };
    }),

    implementOwn(readLiveliness, () => Promise.resolve("I'm alive!" as const)),
    implementOwn(readLiveness, () => Promise.resolve("I'm alive!" as const)),

    implementOwn(readLitellmReadiness, async ({ request }) => {
      if (request.draining.aborted) throw new Fault('service.draining', 'asked while draining');
      await listOrganizationIds(of.db, { limit: 1 }).catch((cause: unknown) => {
        throw new Fault('service.unavailable', 'the database does not answer', {
          detail: 'The database does not answer.',
          cause,
        });
      });
      return {
        status: 'healthy' as const,
        db: 'connected' as const,
        cache: null,
        litellm_version: null,
        success_callbacks: [],
        last_updated: null,
      };
    }),

    implementOwn(readEndpointMap, () =>
      Promise.resolve({ service: 'sagewai' as const, endpoints: ENDPOINTS }),
    ),
  ];
}

function judge(
  groups: readonly ModelGroup[],
  switchboard: Pick<Switchboard, 'explain'>,
): { healthy: Health['healthy_endpoints']; unhealthy: Health['unhealthy_endpoints'] } {
  const healthy: Health['healthy_endpoints'] = [];
  const unhealthy: Health['unhealthy_endpoints'] = [];
  for (const group of groups) {
    for (const { deployment, coolsForMs } of switchboard.explain(group).candidates) {
      const { id, model, endpoint } = deployment;
      const shown = { model, model_id: id, provider: endpoint.provider };
      if (coolsForMs <= 0) healthy.push(shown);
      else unhealthy.push({ ...shown, cools_for_ms: Math.ceil(coolsForMs) });
    }
  }
  return { healthy, unhealthy };
}

function showDeployment(
  deployment: Deployment,
  isOperator: boolean,
  isStored: boolean,
): ModelInfo['data'][number] {
  const { id, model, upstreamModel, endpoint, price, outputTokensMax, contextTokensMax } =
    deployment;
  const { provider } = endpoint;
  const rates = price?.rates;
  const rate = (amount: PicoUsd | undefined): number | null =>
    amount === undefined ? null : toDollars(amount);
  return {
    model_name: model,
    litellm_params: {
      model: `${provider}/${upstreamModel}`,
      custom_llm_provider: provider,
      ...(isOperator ? { api_base: placeOf(endpoint) } : {}),
    },
    model_info: {
      id,
      db_model: isStored,
      litellm_provider: provider,
      mode: 'chat',
      max_tokens: outputTokensMax ?? null,
      max_input_tokens: contextTokensMax ?? null,
      max_output_tokens: outputTokensMax ?? null,
      input_cost_per_token: rate(rates?.input),
      output_cost_per_token: price?.isInputOnly === true ? null : rate(rates?.output),
      cache_read_input_token_cost: rate(rates?.cachedInput),
      cache_creation_input_token_cost: rate(rates?.cacheWrite),
    },
  };
}
