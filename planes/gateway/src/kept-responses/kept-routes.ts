import { Fault } from '@sagewai/fault';
import { implementStream, type Route, type StreamInput } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import { appendAudit, nameActor } from '@sagewai/trust';
import { deleteResponse, getResponse, listResponseItems } from '@sagewai/wire';

import { refusesCredential } from '../answers/answer-whole.ts';
import { passedHeaders } from '../answers/pass-headers.ts';
import { Attempt } from '../calls/attempt.ts';
import { isRedirect, toGarbageFault, toUpstreamFault } from '../calls/upstream-fault.ts';
import { bridgeTo } from '../formats/bridge.ts';
import { RESPONSES } from '../formats/responses.ts';
import { mayCall } from '../keys/may-call.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { Deployment } from '../models/deployment.ts';
import type { Switchboard } from '../switchboard.ts';
import { noSuchResponse } from './keep-response.ts';
import { renameIds } from './rename-ids.ts';
import { openId, type ResponseKeys } from './response-id.ts';

const OWN_HEAD = { hasOwnHead: true };
const NOTHING = Buffer.alloc(0);

export interface KeptParts {
  readonly db: Db;
  readonly keys: ResponseKeys;
  readonly catalogue: Pick<Catalogue, 'all'>;
  readonly switchboard: Pick<Switchboard, 'upstreamOf'>;
  readonly answerBytesMax: number;
}

/** Responses that a provider keeps, by the ids that their project was told. Asking costs nothing. */
export function keptRoutes(parts: KeptParts): Route[] {
  const get = (input: StreamInput, id: string, below: string): Promise<void> =>
    answer(input, { id, method: 'GET', below, query: queryOf(input) }, parts);
  return [
    implementStream(getResponse, (input) => get(input, input.params.response_id, ''), OWN_HEAD),
    implementStream(
      listResponseItems,
      (input) => get(input, input.params.response_id, '/input_items'),
      OWN_HEAD,
    ),
    implementStream(
      deleteResponse,
      (input) => {
        const id = input.params.response_id;
        return answer(input, { id, method: 'DELETE', below: '', query: '' }, parts);
      },
      OWN_HEAD,
    ),
  ];
}

interface Question {
  readonly id: string;
  readonly method: 'GET' | 'DELETE';
  readonly below: string;
  readonly query: string;
}

async function answer(input: StreamInput, question: Question, parts: KeptParts): Promise<void> {
  const { reply, request } = input;
  const kept = openId(parts.keys, input.caller, question.id); // K1
  const deployment = kept && (await findDeployment(input, kept.deployment, parts));
  if (kept === null || deployment === null) throw noSuchResponse();
  const { head, body } = await ask(input, deployment, { ...question, theirs: kept.id }, parts);
  if (head.status === 404) throw noSuchResponse();
  if (question.method === 'DELETE' && head.status < 300) await record(input, question, parts.db);
  if (reply.destroyed) return;
  const told = renameIds(body, new Map([[kept.id, question.id]])); // K3
  const headers = passedHeaders(head.headers, request.id);
  headers['content-length'] = told.length;
  reply.writeHead(head.status, headers);
  reply.end(told);
}

/** Null: there is none any more, or the caller may not call it. */
async function findDeployment(
  { caller }: StreamInput,
  id: string,
  { catalogue }: KeptParts,
): Promise<Deployment | null> {
  const { groups } = await catalogue.all(caller);
  for (const group of groups) {
    const found = group.deployments.find((each) => each.id === id);
    if (found === undefined) continue;
    const isNative = bridgeTo(found, RESPONSES.name)?.crossing === null;
    return isNative && mayCall(caller.detail as CallerDetail, group) ? found : null;
  }
  return null;
}

async function ask(
  { reply }: StreamInput,
  deployment: Deployment,
  { theirs, method, below, query }: Question & { readonly theirs: string },
  { switchboard, answerBytesMax }: KeptParts,
) {
  const attempt = new Attempt(
    switchboard.upstreamOf(deployment),
    {
      format: RESPONSES,
      model: deployment.upstreamModel,
      body: NOTHING,
      at: { method, below: `/${encodeURIComponent(theirs)}${below}` },
      wantsStream: false,
      headers: null,
      query,
    },
    answerBytesMax,
  );
  const leave = (): void => attempt.abort();
  // What is deleted is recorded, whoever waits for it.
  if (method === 'GET') reply.once('close', leave);
  const head = await attempt.head;
  const collected = head.kind === 'head' ? await attempt.collect() : head;
  reply.off('close', leave);
  if (head.kind === 'failed') throw toUpstreamFault(head.failure, deployment);
  if (collected.kind === 'failed') throw toUpstreamFault(collected.failure, deployment);
  if (collected.kind === 'too_large') throw toGarbageFault(deployment, 'a response without end');
  if (isRedirect(head.status)) throw toGarbageFault(deployment, 'that it is somewhere else');
  const refusal = refusesCredential(deployment, head.status);
  if (refusal !== undefined) throw refusal;
  return { head, body: collected.body };
}

async function record({ caller, request }: StreamInput, { id }: Question, db: Db): Promise<void> {
  const { orgId } = caller;
  if (orgId === null) throw new Error('a model caller without an organization');
  await inTenant(db, [orgId], (tx) =>
    appendAudit(tx, {
      orgId,
      actor: nameActor(caller),
      action: deleteResponse.id,
      // The end of an id tells it apart from others; all of it is longer than an entry takes.
      subject: `response:…${id.slice(-24)}`,
      outcome: 'ok',
      requestId: request.id,
      details: {},
    }),
  );
}

/** A stream of what was streamed already is not passed on. */
function queryOf({ request }: StreamInput): string {
  const start = request.url.indexOf('?');
  const query = start === -1 ? '' : request.url.slice(start);
  const stream = new URLSearchParams(query).get('stream');
  if (stream === null || stream === 'false') return query;
  const message = 'is not taken here: the response is answered whole';
  throw new Fault('request.invalid', 'a kept response cannot be streamed', {
    detail: `query/stream ${message}`,
    mistakes: [{ part: 'query', path: '/stream', message }],
  });
}
