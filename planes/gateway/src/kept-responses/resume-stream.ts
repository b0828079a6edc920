import { asFault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import type { JsonObject } from '@sagewai/translate';

import { refusesCredential } from '../answers/answer-whole.ts';
import { passedHeaders } from '../answers/pass-headers.ts';
import { Relay } from '../answers/relay-stream.ts';
import { StreamTap } from '../bytes/stream-tap.ts';
import type { Attempt } from '../calls/attempt.ts';
import { toErrorEvent, toGarbageFault, toUpstreamFault } from '../calls/upstream-fault.ts';
import { RESPONSES } from '../formats/responses.ts';
import type { Deployment } from '../models/deployment.ts';
import { hearLast } from '../sealed-reasoning/affinity.ts';
import { noSuchResponse } from './keep-response.ts';
import { renameIds, type Renames } from './rename-ids.ts';
import { RenameTap } from './rename-tap.ts';

/**
 * The events of a response that is made in the background, from where its client lost them. Whoever sees its end
 * books it before that end is told (L2); a client that leaves ends nothing but its own stream.
 */
export async function resumeStream(
  { reply, request }: StreamInput,
  attempt: Attempt,
  of: {
    readonly deployment: Deployment;
    readonly hear: (said: JsonObject) => Promise<void>;
    readonly renamesFor: (said: JsonObject | undefined) => Renames;
    readonly limits: { readonly answerBytesMax: number; readonly clientStallMs: number };
  },
): Promise<void> {
  const { deployment, limits } = of;
  const leave = (): void => attempt.abort();
  reply.once('close', leave);
  const head = await attempt.head;
  reply.off('close', leave);
  if (head.kind === 'failed') throw toUpstreamFault(head.failure, deployment);
  const headers = passedHeaders(head.headers, request.id);
  const isStream = String(head.headers['content-type']).startsWith('text/event-stream');
  if (head.status >= 300 || !isStream) {
    const collected = await attempt.collect();
    if (head.status === 404) throw noSuchResponse();
    const refusal = refusesCredential(deployment, head.status);
    if (refusal !== undefined) throw refusal;
    if (collected.kind !== 'complete' || head.status < 400)
      throw toGarbageFault(deployment, 'in a form that was not asked for');
    const told = renameIds(collected.body, of.renamesFor(undefined));
    reply.writeHead(head.status, { ...headers, 'content-length': told.length });
    reply.end(told);
    return;
  }
  let last: JsonObject | undefined;
  const reading = hearLast(RESPONSES.stream, (response) => (last = response as JsonObject));
  const tap = new RenameTap(
    new StreamTap({ reading, removeUsage: false, eventBytesMax: limits.answerBytesMax }),
    (_, said) => of.renamesFor(said),
  );
  reply.writeHead(200, headers);
  const relay = new Relay({ attempt, reply, tap, beat: null, stallMs: limits.clientStallMs });
  const end = await relay.end;
  attempt.abort();
  const unsettled =
    last === undefined ? undefined : await of.hear(last).then(() => undefined, asFault);
  if (reply.destroyed) return;
  relay.flush();
  const isCut = end.kind !== 'complete' || (!tap.isDone && tap.hasSpoken);
  const fault = unsettled ?? (isCut ? toUpstreamFault(failureOf(end), deployment) : undefined);
  reply.end(fault === undefined ? tap.release() : toErrorEvent(fault, RESPONSES));
}

const failureOf = (end: Awaited<Relay['end']>): Parameters<typeof toUpstreamFault>[0] =>
  end.kind === 'broken' ? end.failure : { kind: 'lost', cause: undefined };
