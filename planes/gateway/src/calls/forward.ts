/**
 * The hot path: one model call, from the request's bytes to the answer's.
 *
 * Everything is decided before anything is taken, and everything is taken before the first byte
 * leaves: which model, whether this caller may call it, what it can cost at most. Then the ledger
 * reserves that much under every budget above the call, and its answer is durable (M1, M2). From there
 * on the call is settled exactly once, whatever happens: the provider cannot be reached, refuses,
 * answers nonsense or dies midway; the client leaves; we fail ourselves.
 *
 *     decide ──► reserve ──► send ──► whole answer ──► settle ──► answer
 *       │ Fault     │ 429       │        stream ──► relay ──► settle ──► last event
 *       ▼           ▼           ▼ failure: settle, then a Fault
 *
 * The bytes pass through (M5). Of the request, the fields that decide its price have been parsed once
 * by the pipeline, and only their values are spliced; of the answer, only usage is read. Nothing is
 * parsed in order to be written again.
 *
 * A promise that is broken on our side (a bug, a database that is gone) leaves the reservation as it
 * is. It expires, and is booked as spent and unknown (M2): too much until it is reconciled, never too
 * little.
 */

import type { StreamInput } from '@sagewai/http';

import { answerOpaque } from '../answers/answer-opaque.ts';
import { answerStream, type StreamLimits } from '../answers/answer-stream.ts';
import { answerRefusal, answerWhole } from '../answers/answer-whole.ts';
import { nameCall } from '../answers/pass-headers.ts';
import type { Format } from '../formats/format.ts';
import type { Fallbacks } from '../routing/fallbacks.ts';
import type { RouteMeters } from '../routing/route-meters.ts';
import type { Trail } from '../routing/trail.ts';
import { tellPinned } from '../sealed-reasoning/tell-pinned.ts';
import type { Switchboard } from '../switchboard.ts';
import type { AdmittedCall } from './admitted-call.ts';
import type { DecideCall, DecidedCall } from './decide-call.ts';
import type { OpenAnswer } from './open-answer.ts';
import { readKind } from './read-kind.ts';
import { routeCall, type RouteParts, settleLeft } from './route-call.ts';
import { nothingSeen, type SettleCall, usageOrEstimate } from './settle-call.ts';
import { toGarbageFault, toUpstreamFault } from './upstream-fault.ts';

export interface ForwardParts {
  readonly decide: DecideCall;
  /** Durable when it resolves; throws `budget.exceeded` and `rate.exceeded` (M1). */
  readonly reserve: (call: DecidedCall, trail: Trail) => Promise<AdmittedCall>;
  readonly settle: SettleCall;
  readonly switchboard: Switchboard;
  readonly routeMeters: RouteMeters;
  /** As they are configured now. */
  readonly fallbacks: () => Fallbacks;
  /** Whether a caller is told at which address a provider could not be reached. */
  readonly tellsPlace: TellsPlace;
  readonly traceOf: RouteParts['traceOf'];
  readonly limits: StreamLimits & { readonly answerBytesMax: number };
}

export type TellsPlace = (input: Pick<StreamInput, 'request'>) => boolean;

/** What is thrown before the answer's head is sent becomes the answer. */
export type Forward = (input: StreamInput, format: Format) => Promise<void>;

export function createForward(parts: ForwardParts): Forward {
  const { settle, limits } = parts;
  const routing = { ...parts, keptBytesMax: limits.answerBytesMax };
  return async (input, format) => {
    const open = await routeCall(input, format, routing);
    if (open === undefined) return;
    try {
      await answer(open);
    } catch (thrown) {
      nameCall(input.reply, open);
      throw thrown;
    }
  };

  async function answer(open: OpenAnswer): Promise<void> {
    const { call, head, deployment, attempt } = open;
    if (head.kind === 'failed') {
      await settleLeft(open, settle);
      if (!call.input.reply.destroyed) {
        const fault = toUpstreamFault(head.failure, deployment, parts.tellsPlace(call.input));
        throw call.sealed?.isPinned === true ? tellPinned(fault) : fault;
      }
      return;
    }
    if (head.status >= 400) return answerRefusal(call, open, head, settle);
    const { otherAnswers } = open.bridge.upstream;
    switch (readKind(head, call.asked.wantsStream, otherAnswers)) {
      case 'whole':
        return answerWhole(call, open, head.headers, settle);
      case 'stream':
        return answerStream(call, open, head.headers, { settle, limits });
      case 'opaque':
        return answerOpaque(call, open, head.headers, { settle, limits });
      case 'garbage':
        attempt.abort();
        await settle(call, {
          deployment,
          ...usageOrEstimate(call, undefined, nothingSeen),
          status: 'error',
        });
        throw toGarbageFault(deployment, 'in a form that was not asked for');
    }
  }
}
