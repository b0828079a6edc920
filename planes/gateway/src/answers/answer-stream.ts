import type { IncomingHttpHeaders } from 'node:http';

import { asFault, type Fault } from '@sagewai/fault';

import { CrossTap } from '../bytes/cross-tap.ts';
import { StreamTap, type Tap } from '../bytes/stream-tap.ts';
import { type AdmittedCall, drains } from '../calls/admitted-call.ts';
import type { OpenAnswer } from '../calls/open-answer.ts';
import { type Outcome, type SettleCall, usageOrEstimate } from '../calls/settle-call.ts';
import { toErrorEvent, toGarbageFault, toUpstreamFault } from '../calls/upstream-fault.ts';
import type { Format } from '../formats/format.ts';
import { RenameTap } from '../kept-responses/rename-tap.ts';
import type { Usage } from '../money/usage.ts';
import { hearLast } from '../sealed-reasoning/affinity.ts';
import type { Beat } from './beat.ts';
import { answerHeaders } from './pass-headers.ts';
import { Relay, type RelayEnd } from './relay-stream.ts';

export interface StreamLimits {
  readonly eventBytesMax: number;
  readonly clientStallMs: number;
  /** Of all streams; null: pieces are not gathered. */
  readonly beat: Beat | null;
}

// A provider that has said [DONE] closes at once; one that does not is not waited for.
const CLOSING_MS = 1_000;

/**
 * Passes a stream on. However it ends, it is settled (M3): by the usage that was reported, else by an
 * estimate of what passed. Only then the client is told that it ended (M2).
 */
export async function answerStream(
  call: AdmittedCall,
  open: OpenAnswer,
  headers: IncomingHttpHeaders,
  { settle, limits }: { readonly settle: SettleCall; readonly limits: StreamLimits },
): Promise<void> {
  const { attempt, deployment, bridge } = open;
  const { reply } = call.input;
  const tap = tapFor(call, open, limits.eventBytesMax);
  const headersOut = answerHeaders(call, open, { upstream: headers });
  if (open.crossed !== null) headersOut['content-type'] = call.format.streamType;
  reply.writeHead(200, headersOut);
  const relay = new Relay({
    attempt,
    reply,
    tap,
    beat: limits.beat,
    stallMs: limits.clientStallMs,
    drains: drains(call),
  });
  const end = wholeOrBroken(await relay.end, tap, bridge.upstream);
  if (end.kind !== 'complete') attempt.abort();
  else if (!attempt.isOver) setTimeout(() => attempt.abort(), CLOSING_MS).unref();

  const isNoStream = end.kind === 'complete' && !tap.hasSpoken;
  const outcome: Outcome = {
    deployment,
    ...usageOrEstimate(call, toldOf(call, tap, end), () => tap.seen(), tap.begun),
    status: isNoStream || tap.hasFailed ? 'error' : STATUS[relay.isLeft ? 'left' : end.kind],
    firstDataMs: attempt.firstDataMs,
  };
  const unsettled = await settle(call, outcome).then(() => undefined, asFault);
  const fault = unsettled ?? (isNoStream ? saysNothing(open) : faultOf(end, open));
  if (reply.destroyed) return;
  relay.flush();
  // Whatever it was that was passed on, our event must not run into it.
  if (isNoStream && open.crossed === null) reply.write('\n\n');
  reply.end(fault === undefined ? tap.release() : toErrorEvent(fault, call.format));
}

/** Of pictures, those that came tell nothing of the others, which are made all the same (M3). */
function toldOf({ asked }: AdmittedCall, { usage }: Tap, end: RelayEnd): Usage | undefined {
  const isPart = asked.picture !== undefined && end.kind !== 'complete';
  return isPart && (usage?.units ?? 0) < (asked.media?.units ?? 0) ? undefined : usage;
}

const CUT_OFF = { kind: 'lost', cause: undefined } as const;

/** A provider whose streams have a last event, and which closed without it, broke off. */
function wholeOrBroken(end: RelayEnd, tap: Tap, { stream }: Format): RelayEnd {
  const isCut = end.kind === 'complete' && stream.mustEnd && !tap.isDone && tap.hasSpoken;
  return isCut ? { kind: 'broken', failure: CUT_OFF } : end;
}

/** The provider's format; where its accounts seal, what it says last is taken note of. */
function heard({ sealed }: AdmittedCall, { bridge: { upstream }, deployment }: OpenAnswer): Format {
  if (sealed === undefined) return upstream;
  const stream = hearLast(upstream.stream, (response) => sealed.remember(deployment, response));
  return { ...upstream, stream };
}

function tapFor(call: AdmittedCall, open: OpenAnswer, eventBytesMax: number): Tap {
  const { crossed } = open;
  const upstream = heard(call, open);
  if (crossed !== null)
    return new CrossTap({ client: call.format, upstream, crossed, eventBytesMax });
  const removeUsage = call.asked.hidesUsage;
  const tap = new StreamTap({ reading: upstream.stream, removeUsage, eventBytesMax });
  const { kept } = call.asked;
  if (kept === undefined) return tap;
  return new RenameTap(tap, (id) => kept.renamesFor(open.deployment, id));
}

const STATUS = {
  complete: 'ok',
  left: 'aborted',
  broken: 'error',
  garbage: 'error',
} as const satisfies Record<RelayEnd['kind'], Outcome['status']>;

const saysNothing = ({ deployment }: OpenAnswer): Fault =>
  toGarbageFault(deployment, 'a stream without events');

function faultOf(end: RelayEnd, { deployment }: OpenAnswer): Fault | undefined {
  switch (end.kind) {
    case 'complete':
    case 'left':
      return undefined;
    case 'broken':
      return toUpstreamFault(end.failure, deployment);
    case 'garbage':
      return toGarbageFault(deployment, 'an event without end');
  }
}
