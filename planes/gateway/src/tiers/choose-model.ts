import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import { AUTO, type ClassifiedRequest, type Tier } from '@sagewai/wire';

import { reachOf } from '../formats/bridge.ts';
import type { Format } from '../formats/format.ts';
import { mayForce } from '../harness-policies/harness-policy.ts';
import { mayCall } from '../keys/may-call.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ModelGroup } from '../models/model-table.ts';
import type { TierBook } from './tier-book.ts';

/** Why a call that asked for `auto` got its model. */
export interface TierTold {
  readonly tier: Tier;
  readonly score: number;
  readonly confidence: number;
  readonly reason: string;
  /** What decided beside the tiers of the project. */
  readonly policy?: string | undefined;
}

export interface ChosenModel {
  readonly model: string;
  readonly told: TierTold;
}

/** Null: the request names its model itself. */
export type ChooseModel = (
  input: StreamInput,
  format: Format,
  model: string,
) => Promise<ChosenModel> | null;

/** The first model for the tier of a request that this caller may call, in its format. */
export function createChooseModel(of: {
  readonly tiers: Pick<TierBook, 'choose'>;
  readonly catalogue: Pick<Catalogue, 'find'>;
}): ChooseModel {
  const choose = async (input: StreamInput, format: Format): Promise<ChosenModel> => {
    const { orgId, projectId } = input.caller;
    if (orgId === null || projectId === null) throw new Error('a model caller without a project');
    const caller = input.caller.detail as CallerDetail;
    const { teamId, personId } = caller.policy ?? NOBODY;
    const who = { orgId, projectId, teamId, personId };
    const choice = await of.tiers.choose(who, classifiedOf(input.body));
    if (choice === null) throw hasNoTiers();
    const { tier, score, confidence, reason: scored } = choice.complexity;
    const { policy } = choice;
    const forced = input.request.headers['x-harness-force-model'];
    const isForced = typeof forced === 'string' && forced !== '';
    const isHeard = isForced && mayForce(policy, forced);
    const reason = isForced
      ? `${isHeard ? 'asked for by the caller' : `${forced.slice(0, 100)} is not allowed by ${policy?.name ?? ''}`}; ${scored}`
      : scored;
    const told = { tier, score, confidence, reason, policy: policy?.name };
    if (isHeard) return { model: forced, told };
    for (const { model } of choice.targets) {
      const group = await of.catalogue.find(model, input.caller);
      if (group !== undefined && mayCall(caller, group) && isServed(group, format)) {
        return { model, told };
      }
    }
    throw hasNoneFor(tier);
  };
  return (input, format, model) => (model === AUTO ? choose(input, format) : null);
}

const NOBODY = { teamId: null, personId: null } as const;

const isServed = (group: ModelGroup, format: Format): boolean =>
  reachOf(group, format.name).group.deployments.length > 0;

/** In any format: Responses has other names for messages and for the system prompt. */
function classifiedOf(body: unknown): ClassifiedRequest {
  const { messages, input, prompt, system, instructions, tools } = body as Readonly<
    Record<string, unknown>
  >;
  const asked = input ?? prompt;
  const said = messages ?? (typeof asked === 'string' ? [{ role: 'user', content: asked }] : asked);
  return { messages: said, system: system ?? instructions, tools };
}

const hasNoTiers = (): Fault =>
  new Fault('model.missing', 'a project without tiers was asked for auto', {
    detail:
      'The project has no models for `auto`: `sagewai models tiers set` says which it has for simple, ' +
      'medium and complex requests.',
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /v1/models' }],
  });

const hasNoneFor = (tier: Tier): Fault =>
  new Fault('model.forbidden', 'no model of the tiers can be called', {
    detail: `None of the models that the project or a policy has for ${tier} and other requests can be called with this credential.`,
  });
