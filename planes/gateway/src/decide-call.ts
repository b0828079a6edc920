import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';

import { findRequestFields, type RequestFields } from './bytes/rewrite-request.ts';
import type { CallerDetail } from './keys/virtual-key.ts';
import type { Catalogue } from './models/catalogue.ts';
import { allows, type ModelGroup } from './models/model-table.ts';
import { boundCall, type CallBounds, findUnpriced, type MeteredRequest } from './plan-call.ts';

/** A call that may be made, if there is money for it. */
export interface DecidedCall {
  readonly input: StreamInput;
  readonly body: MeteredRequest;
  readonly fields: RequestFields;
  readonly caller: CallerDetail;
  readonly group: ModelGroup;
  readonly bounds: CallBounds;
  readonly hidesUsage: boolean;
}

export type DecideCall = (input: StreamInput) => DecidedCall | Promise<DecidedCall>;

/** Told once for every call that is let through without a known price, or refused for it (M4). */
export type NoteUnpriced = (model: string, what: string) => void;

export function createDecide(of: {
  readonly catalogue: Pick<Catalogue, 'find' | 'unreachable'>;
  readonly unknownPrice: 'refuse' | 'allow';
  readonly noteUnpriced: NoteUnpriced;
}): DecideCall {
  const decide = (input: StreamInput, group: ModelGroup | undefined): DecidedCall => {
    const body = input.body as MeteredRequest;
    const caller = input.caller.detail as CallerDetail;
    if (group === undefined) throw noSuchModel(body.model, of.catalogue.unreachable());
    if (!allows(caller.models, group)) throw notAllowed(body.model);
    const found = findRequestFields(input.raw);
    if (found.kind === 'ambiguous') throw isAmbiguous(found.name);
    const unpriced = group.isPriced ? findUnpriced(body) : 'price';
    if (unpriced !== undefined) {
      of.noteUnpriced(group.model, unpriced);
      if (of.unknownPrice === 'refuse') throw hasNoPrice(group.model, unpriced);
    }
    return {
      input,
      body,
      fields: found.fields,
      caller,
      group,
      bounds: boundCall(body, input.raw.length, group, caller.mayCap),
      hidesUsage: body.stream === true && body.stream_options?.include_usage !== true,
    };
  };
  return (input) => {
    const found = of.catalogue.find((input.body as MeteredRequest).model);
    return found instanceof Promise
      ? found.then((group) => decide(input, group))
      : decide(input, found);
  };
}

function noSuchModel(model: string, unreachable: readonly string[]): Fault {
  const unasked =
    unreachable.length === 0
      ? ''
      : ` These providers could not be asked for their models: ${unreachable.join(', ')}.`;
  return new Fault('model.missing', 'unknown model', {
    detail: `The model \`${model}\` does not exist, or no provider of it is configured.${unasked}`,
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /v1/models' }],
  });
}

function notAllowed(model: string): Fault {
  return new Fault('model.forbidden', 'model not on the list of the credential', {
    detail: `This credential may not call the model \`${model}\`.`,
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /v1/models' }],
  });
}

function hasNoPrice(model: string, what: string): Fault {
  const detail =
    what === 'price'
      ? `The price of \`${model}\` is not known. Set input_cost_per_token and output_cost_per_token in the ` +
        'model_info of the model list, or UNKNOWN_PRICE=allow to let such calls through without a price.'
      : `What \`${what}\` costs is not known for \`${model}\`. Leave it out, or set UNKNOWN_PRICE=allow.`;
  return new Fault('model.unpriced', `no known ${what}`, { detail });
}

function isAmbiguous(name: string): Fault {
  const detail = `body: "${name}" is there twice, in another spelling, or with escapes in its name`;
  return new Fault('request.invalid', 'a metered field is ambiguous', {
    detail,
    mistakes: [{ part: 'body', path: `/${name}`, message: 'must be there once, spelt plainly' }],
  });
}
