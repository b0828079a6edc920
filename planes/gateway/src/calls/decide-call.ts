import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import type { JsonObject } from '@sagewai/translate';

import { findRequestFields, type RequestFields } from '../bytes/rewrite-request.ts';
import { type CallBudget, readCallBudget } from '../call-budget/call-budget.ts';
import { fitCall } from '../call-budget/fit-call.ts';
import { type Classification, classify, withinReach } from '../classification/classification.ts';
import { reachOf, withDeployments } from '../formats/bridge.ts';
import type { Asked, Format } from '../formats/format.ts';
import { reachOnly } from '../kept-responses/keep-response.ts';
import { demandParams } from '../keys/enforced-params.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import { groupOf, type ModelGroup } from '../models/model-table.ts';
import type { Affinity, Sealed } from '../sealed-reasoning/affinity.ts';
import { sealedIn } from '../sealed-reasoning/sealed-in.ts';
import type { ChooseModel, TierTold } from '../tiers/choose-model.ts';
import { type Crossable, crossCall } from './cross-call.ts';
import { allowed, isAmbiguous } from './find-allowed.ts';
import { boundCall, type CallBounds, searchPrice } from './plan-call.ts';

/** A call that may be made, if there is money for it. */
export interface DecidedCall {
  readonly input: StreamInput;
  /** The client's. */
  readonly format: Format;
  readonly asked: Asked;
  readonly fields: RequestFields;
  readonly caller: CallerDetail;
  readonly group: ModelGroup;
  readonly bounds: CallBounds;
  /** Why it has its model, where it left that open. */
  readonly tier: TierTold | undefined;
  /** How far its data may go; undefined: nobody says. */
  readonly classification: Classification | undefined;
  /** What it brings along for itself; undefined for almost every call. */
  readonly budget: CallBudget | undefined;
  /** Deployments at which it could cost more than that. */
  readonly passedOver: readonly string[];
  /** Of accounts that seal what they think; undefined: there are not several. */
  readonly sealed: Sealed | undefined;
}

/** `model` is another one than the request names: the call falls back to it. */
export type DecideCall = (
  input: StreamInput,
  format: Format,
  model?: string,
) => DecidedCall | Promise<DecidedCall>;

/** Told once for every call that is let through without a known price, or refused for it (M4). */
export type NoteUnpriced = (model: string, what: string) => void;

export function createDecide(of: {
  readonly catalogue: Pick<Catalogue, 'find' | 'known' | 'unreachable'>;
  readonly unknownPrice: 'refuse' | 'allow';
  readonly noteUnpriced: NoteUnpriced;
  readonly chooseModel: ChooseModel;
  readonly affinity: Affinity;
}): DecideCall {
  const pin = (
    { group, sealed }: Crossable,
    { name }: Format,
    body: unknown,
  ): Pick<DecidedCall, 'group' | 'sealed'> => {
    if (group.deployments.length === 1) return { group, sealed: undefined };
    const own = name === 'responses' ? sealedIn((body as { input?: unknown }).input) : undefined;
    const texts = own ?? sealed;
    return texts === undefined ? { group, sealed: undefined } : of.affinity.pin(group, texts);
  };
  const decide = (
    input: StreamInput,
    format: Format,
    { asked: read, model, tier }: Choice,
    known: ModelGroup | undefined,
  ): DecidedCall => {
    const caller = input.caller.detail as CallerDetail;
    const classification = classify(input.request.headers, caller.policy?.classification);
    const named = withinReach(
      allowed(known, caller, { model, catalogue: of.catalogue }),
      classification,
    );
    const { providers } = format;
    const whole =
      providers === undefined
        ? named
        : withDeployments(named, ({ endpoint }) => providers.has(endpoint.provider));
    const reach = reachOnly(reachOf(whole, format.name), read.kept);
    if (reach.group.deployments.length === 0) throw notInFormat(whole.model, format);
    const crossable: Crossable =
      reach.crossed.length === 0
        ? { group: repriced(reach.group, format, read), asked: read, sealed: undefined }
        : crossCall(reach, format, { body: input.body as JsonObject, raw: input.raw }, read);
    const { asked } = crossable;
    const { group, sealed } = pin(crossable, format, input.body);
    const fields =
      format.form?.find(input.raw, input.request.headers) ??
      findRequestFields(input.raw, format.names);
    if (fields.kind === 'ambiguous') throw isAmbiguous(fields.name);
    const hasPrice = group.isPriced && !(group.isInputOnly && asked.choices > 0);
    const unpriced = hasPrice ? (asked.unpriced ?? unpricedSearch(asked, group)) : 'price';
    if (unpriced !== undefined) {
      of.noteUnpriced(group.model, unpriced);
      if (of.unknownPrice === 'refuse') throw hasNoPrice(group.model, unpriced);
    }
    const decided: DecidedCall = {
      input,
      format,
      asked,
      fields: fields.fields,
      caller,
      group,
      bounds: boundCall(asked, input.raw.length, group, caller.mayCap),
      tier,
      classification,
      budget: undefined,
      passedOver: NOBODY,
      sealed,
    };
    const budget = readCallBudget(input.request.headers, input.body);
    return budget === undefined ? decided : fitCall(decided, budget);
  };
  const find = (
    input: StreamInput,
    format: Format,
    choice: Choice,
  ): DecidedCall | Promise<DecidedCall> => {
    const found = of.catalogue.find(choice.model, input.caller);
    return found instanceof Promise
      ? found.then((group) => decide(input, format, choice, group))
      : decide(input, format, choice, found);
  };
  return (input, format, other) => {
    const asked = format.read(input.body, input.request.headers);
    const { policy } = input.caller.detail as CallerDetail;
    if (policy?.enforced !== undefined) demandParams(policy.enforced, input);
    const named = other ?? asked.model;
    const model = policy?.aliases.get(named) ?? named;
    const chosen = of.chooseModel(input, format, model);
    return chosen === null
      ? find(input, format, { asked, model, tier: undefined })
      : chosen.then(({ model: name, told }) =>
          find(input, format, { asked, model: name, tier: told }),
        );
  };
}

const NOBODY: readonly never[] = [];

/** Pictures and recordings have prices of their own. */
function repriced(group: ModelGroup, { priceOf }: Format, asked: Asked): ModelGroup {
  if (priceOf === undefined) return group;
  return groupOf(
    group.model,
    group.deployments.map((each) => ({ ...each, price: priceOf(each, asked) })),
  );
}

function unpricedSearch({ serverTools }: Asked, group: ModelGroup): string | undefined {
  const isKnown = serverTools === undefined || serverTools.searches === 0;
  return isKnown || searchPrice(group) !== undefined ? undefined : 'tools.web_search';
}

interface Choice {
  readonly asked: Asked;
  readonly model: string;
  readonly tier: TierTold | undefined;
}

function notInFormat(model: string, { name, path, locate, providers }: Format): Fault {
  // Where the URL names the model, its path here is another than the provider's.
  const how = locate === undefined ? `by /v1${path}` : `in the format \`${name}\``;
  const detail =
    providers === undefined
      ? `The model \`${model}\` cannot be called ${how}.`
      : `No deployment of \`${model}\` is of ${[...providers].join(' or ')}, which this path is for. ` +
        '/v1/chat/completions reaches every model.';
  return new Fault('request.invalid', 'no deployment of the model speaks this format', {
    detail,
    mistakes: [
      { part: 'body', path: '/model', message: 'is of a provider that knows another format' },
    ],
  });
}

function hasNoPrice(model: string, what: string): Fault {
  const detail =
    what === 'price'
      ? `The price of \`${model}\` is not known. Set input_cost_per_token and output_cost_per_token (of pictures ` +
        'and recordings output_cost_per_image, input_cost_per_second or input_cost_per_character) in the ' +
        'model_info of the model list, or UNKNOWN_PRICE=allow to let such calls through without a price.'
      : `What \`${what}\` costs is not known for \`${model}\`. Leave it out, or set UNKNOWN_PRICE=allow.`;
  return new Fault('model.unpriced', `no known ${what}`, { detail });
}
