import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import type { JsonObject } from '@sagewai/translate';

import { parseObject } from '../bytes/parse-object.ts';
import type { AdmittedCall } from '../calls/admitted-call.ts';
import type { OpenAnswer } from '../calls/open-answer.ts';
import {
  nothingSeen,
  type Outcome,
  type SettleCall,
  usageOrEstimate,
} from '../calls/settle-call.ts';
import { toGarbageFault, toRefusalBody, toUpstreamFault } from '../calls/upstream-fault.ts';
import { renameIds } from '../kept-responses/rename-ids.ts';
import type { Deployment } from '../models/deployment.ts';
import { NO_USAGE } from '../money/usage.ts';
import { answerHeaders } from './pass-headers.ts';

/** Passes an answer on that is one JSON object: settled first, then sent (M2). */
export async function answerWhole(
  call: AdmittedCall,
  open: OpenAnswer,
  headers: IncomingHttpHeaders,
  settle: SettleCall,
): Promise<void> {
  const { attempt, deployment, bridge, crossed } = open;
  const { upstream } = bridge;
  const { reply } = call.input;
  const collected = await attempt.collect();
  const text = collected.kind === 'complete' ? collected.body : undefined;
  const parsed = text && parseObject(text);
  if (parsed !== undefined) call.sealed?.remember(deployment, parsed);
  const outcome: Outcome = {
    deployment,
    ...usageOrEstimate(call, parsed && upstream.usageOf(parsed), () =>
      parsed ? upstream.seenIn(parsed) : nothingSeen(),
    ),
    status: parsed === undefined ? 'error' : reply.destroyed ? 'aborted' : 'ok',
    told: parsed,
  };
  const settled = await settle(call, outcome);
  if (collected.kind === 'failed') throw toUpstreamFault(collected.failure, deployment);
  if (text === undefined) throw toGarbageFault(deployment, 'more than is taken from a provider');
  if (parsed === undefined) throw toGarbageFault(deployment, 'something that is not a JSON object');
  if (reply.destroyed) return;
  const told = crossed === null ? renamed(text, parsed, open) : toBytes(crossed.answer(parsed));
  const headersOut = answerHeaders(call, open, { upstream: headers, settled });
  headersOut['content-length'] = told.length;
  reply.writeHead(200, headersOut);
  reply.end(told);
}

/** A response that is kept has another id for its client. */
function renamed(text: Buffer, { id }: JsonObject, { call, deployment }: OpenAnswer): Buffer {
  const { kept } = call.asked;
  if (kept === undefined || typeof id !== 'string') return text;
  return renameIds(text, kept.renamesFor(deployment, id));
}

/** Told apart from a refusal of the caller: it is our credential that the provider does not take (M6). */
const KEY_REFUSED = 401;
const REFUSED_CREDENTIAL: readonly number[] = [KEY_REFUSED, 403];

/** Undefined: it is not our credential that is refused. */
export function refusesCredential({ id, endpoint }: Deployment, status: number): Fault | undefined {
  if (!REFUSED_CREDENTIAL.includes(status) || endpoint.credential === null) return undefined;
  return new Fault('upstream.refused', `${id} answered ${status} to our credential`, {
    detail:
      endpoint.ofProject === undefined
        ? "The model provider does not accept this server's credential."
        : "The model provider does not accept the project's own credential, and its calls use no other: " +
          'rotate it, or set another, with `sagewai projects credential`.',
  });
}

/**
 * A refusal of the provider: its own status and its own words, and nothing is charged for it. Where its
 * words are a page of some proxy, which no client of this format reads, ours stand for them. A refusal of
 * our credential is not passed on: its words may quote the key, and a client would blame its own.
 */
export async function answerRefusal(
  call: AdmittedCall,
  open: OpenAnswer,
  head: { readonly status: number; readonly headers: IncomingHttpHeaders },
  settle: SettleCall,
): Promise<void> {
  const { attempt, deployment, crossed } = open;
  const { reply } = call.input;
  const collected = await attempt.collect();
  const settled = await settle(call, {
    deployment,
    usage: NO_USAGE,
    source: 'provider',
    status: 'error',
  });
  if (collected.kind === 'failed') throw toUpstreamFault(collected.failure, deployment);
  if (collected.kind === 'too_large') throw toGarbageFault(deployment, 'an error without end');
  const isOurs = open.bridge.upstream.isKeyRefused?.(collected.body) === true;
  const refusal = refusesCredential(deployment, isOurs ? KEY_REFUSED : head.status);
  if (refusal !== undefined) throw refusal;
  if (reply.destroyed) return;
  const headersOut = answerHeaders(call, open, { upstream: head.headers, settled });
  let { body } = collected;
  const isCoded = (head.headers['content-encoding'] ?? 'identity') !== 'identity';
  const words = isCoded ? undefined : parseObject(body);
  if (words === undefined && !(isCoded && crossed === null)) {
    body = toRefusalBody(deployment, head.status, call.format);
    headersOut['content-type'] = 'application/json; charset=utf-8';
    delete headersOut['content-encoding'];
  } else if (words !== undefined && crossed !== null) {
    body = toBytes(crossed.error(words, head.status));
  }
  headersOut['content-length'] = body.length;
  reply.writeHead(head.status, headersOut);
  reply.end(body);
}

const toBytes = (body: JsonObject): Buffer => Buffer.from(JSON.stringify(body));
