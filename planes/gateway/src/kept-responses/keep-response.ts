import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';

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
}

interface Request {
  readonly store?: unknown;
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
  if (typeof ours !== 'string' || !isSealed(ours)) {
    refuseStored(input.body as object);
    if (request.store === false) return { input, format: RESPONSES };
    return { input, format: keeping({ at: undefined, renamesFor: renaming(input, keys) }) };
  }
  const found = openId(keys, input.caller, ours);
  if (found === null) throw noSuchResponse();
  const body = { ...(input.body as object), [PREVIOUS]: found.id };
  refuseStored({ ...body, [PREVIOUS]: null });
  const before = { theirs: found.id, ours };
  const kept = { at: found.deployment, renamesFor: renaming(input, keys, before) };
  return {
    input: { ...input, body, raw: withPrevious(input.raw, found.id) },
    format: keeping(kept),
  };
}

function keeping(kept: KeptCall): Format {
  return {
    ...RESPONSES,
    read: (body, headers): Asked => {
      const asked = RESPONSES.read(body, headers);
      const opaque = asked.parts.opaque + (kept.at === undefined ? 0 : 1);
      return { ...asked, kept, parts: { ...asked.parts, opaque } };
    },
  };
}

function renaming(
  { caller }: StreamInput,
  keys: ResponseKeys,
  before?: { readonly theirs: string; readonly ours: string },
): KeptCall['renamesFor'] {
  return ({ id: deployment }, id) =>
    new Map([
      ...(before === undefined ? [] : [[before.theirs, before.ours] as const]),
      [id, sealId(keys, caller, { deployment, id })],
    ]);
}

function withPrevious(raw: Buffer, id: string): Buffer {
  const found = findFields(raw, 0, WATCHED);
  if (found.kind === 'ambiguous') throw isAmbiguous(found.name);
  const span = found.spans.get(PREVIOUS);
  if (span === undefined) throw isAmbiguous(PREVIOUS);
  const text = Buffer.from(JSON.stringify(id));
  return Buffer.concat([raw.subarray(0, span.start), text, raw.subarray(span.end)]);
}

/** The deployment that keeps what the call goes on from, alone (K2). */
export function reachOnly(reach: Reach, at: string | undefined): Reach {
  if (at === undefined) return reach;
  const group = withDeployments(reach.group, ({ id }) => id === at);
  if (group.deployments.length === 0) throw isElsewhere();
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
