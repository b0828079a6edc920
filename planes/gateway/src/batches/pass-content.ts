import type { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';

import { passedHeaders } from '../answers/pass-headers.ts';
import { Relay } from '../answers/relay-stream.ts';
import { OpaqueTap } from '../bytes/opaque-tap.ts';
import { toUpstreamFault } from '../calls/upstream-fault.ts';
import type { Deployment } from '../models/deployment.ts';
import { beginQuestion, type Question } from './ask-provider.ts';
import type { BatchParts } from './batch-parts.ts';

/** What a provider keeps, as it arrives. */
export async function passContent(
  { reply, request }: StreamInput,
  of: {
    readonly deployment: Deployment;
    readonly question: Question;
    readonly contentType: string;
    readonly missing: Fault;
  },
  { switchboard, clientStallMs }: BatchParts,
): Promise<void> {
  const { deployment, question, contentType, missing } = of;
  const attempt = beginQuestion(switchboard, deployment, question);
  const head = await attempt.head;
  if (head.kind === 'failed') throw toUpstreamFault(head.failure, deployment);
  if (head.status !== 200) {
    attempt.abort();
    throw missing;
  }
  const tap = new OpaqueTap();
  const headers = passedHeaders(head.headers, request.id);
  headers['content-type'] = contentType;
  delete headers['content-encoding'];
  reply.writeHead(200, headers);
  const relay = new Relay({ attempt, reply, tap, beat: null, stallMs: clientStallMs });
  const end = await relay.end;
  if (end.kind !== 'complete') attempt.abort();
  if (reply.destroyed) return;
  relay.flush();
  if (end.kind === 'complete') reply.end(tap.release());
  else reply.destroy();
}
