import { Fault } from '@sagewai/fault';
import type { Caller } from '@sagewai/http';

import { mayCall } from '../keys/may-call.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { ModelGroup } from '../models/model-table.ts';
import { nearestModels } from '../models/nearest-models.ts';

/** The model of a name, which this caller may call. */
export async function findAllowed(
  by: Caller,
  model: string,
  catalogue: Pick<Catalogue, 'find' | 'known' | 'unreachable'>,
): Promise<ModelGroup> {
  const caller = by.detail as CallerDetail;
  const named = caller.policy?.aliases.get(model) ?? model;
  return allowed(await catalogue.find(named, by), caller, {
    model: named,
    catalogue,
  });
}

export function allowed(
  found: ModelGroup | undefined,
  caller: CallerDetail,
  { model, catalogue }: { readonly model: string; readonly catalogue: Known },
): ModelGroup {
  if (found === undefined) {
    throw noSuchModel(model, catalogue, (group) => mayCall(caller, group));
  }
  if (!mayCall(caller, found)) throw notAllowed(model);
  if (found.deployments.length === 0) throw beyondCredential(model);
  return found;
}

type Known = Pick<Catalogue, 'known' | 'unreachable'>;

/** Names what was likely meant, of those models that the caller may see. */
export function noSuchModel(
  model: string,
  catalogue: Known,
  isVisible: (group: ModelGroup) => boolean,
): Fault {
  const near = nearestModels(model, catalogue.known().filter(isVisible));
  const meant = near.length === 0 ? '' : ` Did you mean ${near.join(', ')}?`;
  const unreachable = catalogue.unreachable();
  const unasked =
    unreachable.length === 0
      ? ''
      : ` These providers could not be asked for their models: ${unreachable.join(', ')}.`;
  return new Fault('model.missing', 'unknown model', {
    detail: `The model \`${model}\` does not exist, or no provider of it is configured.${meant}${unasked}`,
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /v1/models' }],
  });
}

function notAllowed(model: string): Fault {
  return new Fault('model.forbidden', 'model not on the list of the credential', {
    detail: `This credential may not call the model \`${model}\`.`,
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /v1/models' }],
  });
}

function beyondCredential(model: string): Fault {
  return new Fault('model.forbidden', 'no deployment takes the credential of the project', {
    detail:
      `The project has a credential of its own, and its calls use no other: the model \`${model}\` is not ` +
      'reached with it. `sagewai projects credential show` tells where it is good.',
    mistakes: [{ part: 'body', path: '/model', message: 'must be one of GET /v1/models' }],
  });
}

export function isAmbiguous(name: string): Fault {
  const detail = `body: "${name}" is there twice, in another spelling, or with escapes in its name`;
  return new Fault('request.invalid', 'a metered field is ambiguous', {
    detail,
    mistakes: [{ part: 'body', path: `/${name}`, message: 'must be there once, spelt plainly' }],
  });
}
