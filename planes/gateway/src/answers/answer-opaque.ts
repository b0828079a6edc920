import type { IncomingHttpHeaders } from 'node:http';

import { asFault } from '@sagewai/fault';

import { OpaqueTap } from '../bytes/opaque-tap.ts';
import type { AdmittedCall } from '../calls/admitted-call.ts';
import type { OpenAnswer } from '../calls/open-answer.ts';
import {
  nothingSeen,
  type Outcome,
  type SettleCall,
  usageOrEstimate,
} from '../calls/settle-call.ts';
import { toGarbageFault } from '../calls/upstream-fault.ts';
import type { StreamLimits } from './answer-stream.ts';
import { answerHeaders } from './pass-headers.ts';
import { Relay, type RelayEnd } from './relay-stream.ts';

const STATUS = {
  complete: 'ok',
  left: 'aborted',
  broken: 'error',
  garbage: 'error',
} as const satisfies Record<RelayEnd['kind'], Outcome['status']>;

/**
 * Passes a recording or a text on, piece by piece. Its last piece waits for the settlement (M2); what breaks
 * off, or cannot be settled, ends without its end, which every client notices: there is no event to say it in.
 */
export async function answerOpaque(
  call: AdmittedCall,
  open: OpenAnswer,
  headers: IncomingHttpHeaders,
  { settle, limits }: { readonly settle: SettleCall; readonly limits: StreamLimits },
): Promise<void> {
  const { attempt, deployment } = open;
  const { reply } = call.input;
  const tap = new OpaqueTap();
  const headersOut = answerHeaders(call, open, { upstream: headers });
  const usage = usageOrEstimate(call, undefined, nothingSeen);
  headersOut['x-sagewai-usage-source'] = usage.source;
  reply.writeHead(200, headersOut);
  const relay = new Relay({
    attempt,
    reply,
    tap,
    beat: limits.beat,
    stallMs: limits.clientStallMs,
  });
  const end = await relay.end;
  if (end.kind !== 'complete') attempt.abort();
  const isEmpty = end.kind === 'complete' && !tap.hasSpoken;
  const status = isEmpty ? 'error' : STATUS[end.kind];
  const unsettled = await settle(call, {
    deployment,
    ...usage,
    status,
    firstDataMs: attempt.firstDataMs,
  }).then(() => undefined, asFault);
  if (reply.destroyed) return;
  relay.flush();
  if (status === 'ok' && unsettled === undefined) reply.end(tap.release());
  else reply.destroy(unsettled ?? toGarbageFault(deployment, 'less than a whole answer'));
}
