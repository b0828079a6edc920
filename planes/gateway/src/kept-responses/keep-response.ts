import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';

import { BackgroundCall } from '../background/background.ts';
import { findFields, watch } from '../bytes/find-fields.ts';
import { isAmbiguous } from '../calls/find-allowed.ts';
import { type Reach, withDeployments } from '../formats/bridge.ts';
import type { Asked, Format } from '../formats/format.ts';
import { refuseStored } from '../formats/refuse-stored.ts';
import { RESPONSES } from '../formats/responses.ts';
import type { Deployment } from '../models/deployment.ts';
import type { Renames } from './rename-ids.ts';
import { isSealed, openId, type ResponseKeys, sealId } from './response-id.ts';

/** Of a call whose answer is kept, or which goes on from one that is. */
export interface KeptCall {
  /** The only deployment that can answer (K2); undefined: any. */
  readonly at: string | undefined;
  /** What the client is told in the place of the provider's ids (K3). */
  readonly renamesFor: (deployment: Deployment, id: string) => Renames;
  /** Of one that its provider makes while nobody waits. */
  readonly background?: BackgroundCall | undefined;
}

interface Request {
  readonly store?: unknown;
  readonly stream?: unknown;
  readonly background?: unknown;
  readonly previous_response_id?: unknown;
}

const PREVIOUS = 'previous_response_id';
const WATCHED = watch([PREVIOUS]);

/**
 * A request of Responses, as it is made upstream. What was said before is not in its body: it is bounded by the
 * whole context (M1).
 */
export function keepResponse(
  input: StreamInput,
  keys: ResponseKeys,
): { readonly input: StreamInput; readonly format: Format } {
  const request = input.body as Request;
  const ours = request[PREVIOUS];
  const background = request.background === true ? new BackgroundCall() : undefined;
  if (background !== undefined && request.store === false) throw mustBeKept();
  if (typeof ours !== 'string' || !isSealed(ours)) {
    refuseStored({ ...request, background: null });
    if (request.store === false) return { input, format: RESPONSES };
    const renamesFor = renaming(input, keys, { background });
    return { input, format: keeping({ at: undefined, renamesFor, background }) };
  }
  const found = openId(keys, input.caller, ours);
  if (found === null) throw noSuchResponse();
  const body = { ...(input.body as object), [PREVIOUS]: found.id };
  refuseStored({ ...body, [PREVIOUS]: null, background: null });
  const before = { theirs: found.id, ours };
  const renamesFor = renaming(input, keys, { before, background });
  const kept = { at: found.deployment, renamesFor, background };
  return {
    input: { ...input, body, raw: withPrevious(input.raw, found.id) },
    format: keeping(kept),
  };
}

function keeping(kept: KeptCall): Format {
  return {
    ...RESPONSES,
    ...(kept.background === undefined ? {} : { isInBackground: true }),
    read: (body, headers): Asked => {
      const asked = RESPONSES.read(body, headers);
      const opaque = asked.parts.opaque + (kept.at === undefined ? 0 : 1);
      return { ...asked, kept, parts: { ...asked.parts, opaque } };
    },
  };
}

function renaming(
  { caller, body }: StreamInput,
  keys: ResponseKeys,
  {
    before,
    background,
  }: {
    readonly before?: { readonly theirs: string; readonly ours: string };
    readonly background: BackgroundCall | undefined;
  },
): KeptCall['renamesFor'] {
  const isStream = (body as Request).stream === true;
  return (deployment, id) => {
    // What a whole answer says was taken note of when it was settled.
    if (isStream) background?.learn(deployment, id);
    const call = background?.admitted?.reservationId;
    return new Map([
      ...(before === undefined ? [] : [[before.theirs, before.ours] as const]),
      [id, sealId(keys, caller, { deployment: deployment.id, id, call })],
    ]);
  };
}

function withPrevious(raw: Buffer, id: string): Buffer {
  const found = findFields(raw, 0, WATCHED);
  if (found.kind === 'ambiguous') throw isAmbiguous(found.name);
  const span = found.spans.get(PREVIOUS);
  if (span === undefined) throw isAmbiguous(PREVIOUS);
  const text = Buffer.from(JSON.stringify(id));
  return Buffer.concat([raw.subarray(0, span.start), text, raw.subarray(span.end)]);
}

/** The deployment that keeps what the call goes on from, alone (K2); in the background, those that keep anything. */
export function reachOnly(reach: Reach, kept: KeptCall | undefined): Reach {
  if (kept === undefined) return reach;
  const { at, background } = kept;
  if (at !== undefined) {
    const group = withDeployments(reach.group, ({ id }) => id === at);
    if (group.deployments.length === 0) throw isElsewhere();
    return { group, crossed: [] };
  }
  if (background === undefined || reach.crossed.length === 0) return reach;
  const group = withDeployments(reach.group, (each) => !reach.crossed.includes(each));
  if (group.deployments.length === 0) throw noBackground(group.model);
  return { group, crossed: [] };
}

export function noSuchResponse(): Fault {
  return new Fault('resource.missing', 'no such response of this project', {
    detail: 'This project has no such response.',
  });
}

function isElsewhere(): Fault {
  const message = 'is kept by the provider of another model';
  return new Fault('request.invalid', 'the response is kept at another deployment', {
    detail: `body/${PREVIOUS} ${message}: go on with the model that answered it, or send the whole conversation.`,
    mistakes: [{ part: 'body', path: `/${PREVIOUS}`, message }],
  });
}

function mustBeKept(): Fault {
  return refuse(
    'store',
    'must not be false beside `background`: what nobody waits for has to be kept',
  );
}

function noBackground(model: string): Fault {
  return refuse(
    'background',
    `is not known to the provider of ${model}: leave it out, and wait for the answer or stream it`,
  );
}

function refuse(field: string, message: string): Fault {
  return new Fault('request.invalid', `${field} is refused`, {
    detail: `body/${field} ${message}.`,
    mistakes: [{ part: 'body', path: `/${field}`, message }],
  });
}
