import { Fault } from '@sagewai/fault';
import type { Surface } from '@sagewai/wire';

import { isAllowed } from './authorize.ts';
import type { Caller } from './caller.ts';
import type { Exchange } from './exchange.ts';
import type { Pipeline } from './pipeline.ts';

const MODEL_KEY =
  'A credential is required: send `Authorization: Bearer sk-…`. Whoever administers this server makes ' +
  'such a key with `sagewai key create --name NAME`, or with POST /key/generate.';

/** What to do for a credential, where the caller is a client of models. */
const HOW_TO_GET_ONE: { readonly [Name in Surface]?: string } = {
  openai: MODEL_KEY,
  anthropic: MODEL_KEY,
};

/**
 * Draining, authentication, authorization: all that can be decided from the head, so that nobody makes
 * us read and parse a body without being known (H2). Throws (or rejects) when the request may not go on;
 * returns a promise only when the authenticator does.
 */
export function admit(exchange: Exchange, pipeline: Pipeline): Promise<void> | undefined {
  if (exchange.plan.isHealth) return undefined;
  if (pipeline.drain.isDraining) {
    throw new Fault('service.draining', 'arrived while draining', { retryAfterMs: 1000 });
  }
  const caller = pipeline.authenticate(exchange);
  if (caller instanceof Promise) return caller.then((known) => authorize(exchange, known));
  authorize(exchange, caller);
  return undefined;
}

function authorize(exchange: Exchange, caller: Caller): void {
  exchange.caller = caller;
  const { permission } = exchange.endpoint;
  if (isAllowed(permission, caller)) {
    demandFresh(exchange, caller);
    return;
  }
  if (caller.kind === 'anonymous') {
    throw new Fault('caller.unknown', 'no credential', {
      detail: HOW_TO_GET_ONE[exchange.endpoint.surface] ?? 'A credential is required.',
    });
  }
  throw new Fault('caller.forbidden', `${caller.kind} without ${permission}`, {
    detail: `This credential does not have the permission ${permission}.`,
  });
}

/** A8 of the identity plane: a session that was left open is not enough for what cannot be taken back. */
function demandFresh({ endpoint }: Exchange, caller: Caller): void {
  if (endpoint.fresh !== true || caller.kind !== 'account' || caller.isFresh === true) return;
  throw new Fault('caller.stale', `${endpoint.id} asks for a proof of late`, {
    detail: 'This asks you to prove again who you are: POST /api/v1/account/reauthenticate.',
  });
}
