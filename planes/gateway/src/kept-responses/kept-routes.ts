import { Fault } from '@sagewai/fault';
import { implementStream, type Route, type StreamInput } from '@sagewai/http';
import { type Db, inTenant } from '@sagewai/postgres';
import type { JsonObject } from '@sagewai/translate';
import { appendAudit, nameActor } from '@sagewai/trust';
import {
  cancelResponse,
  deleteResponse,
  getResponse,
  listResponseItems,
  type OrganizationId,
} from '@sagewai/wire';

import { refusesCredential } from '../answers/answer-whole.ts';
import { passedHeaders } from '../answers/pass-headers.ts';
import { goesOn } from '../background/background.ts';
import { settleHeard, type SettleParts } from '../background/settle-response.ts';
import { parseObject } from '../bytes/parse-object.ts';
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
import { queryOf, rawQueryOf, wantsStream, wasNotInBackground } from './read-query.ts';
import { renameIds, type Renames } from './rename-ids.ts';
import { type KeptAt, openId, type ResponseKeys, sealId } from './response-id.ts';
import { resumeStream } from './resume-stream.ts';

const OWN_HEAD = { hasOwnHead: true };
const NOTHING = Buffer.alloc(0);

export interface KeptParts extends SettleParts {
  readonly db: Db;
  readonly keys: ResponseKeys;
  readonly catalogue: Pick<Catalogue, 'all'>;
  readonly switchboard: Pick<Switchboard, 'upstreamOf'>;
  readonly answerBytesMax: number;
  readonly clientStallMs: number;
}

/** Responses that a provider keeps, by the ids that their project was told. Asking costs nothing. */
export function keptRoutes(parts: KeptParts): Route[] {
  const get = (input: StreamInput, id: string, below: string): Promise<void> =>
    answer(input, { id, method: 'GET', below, query: queryOf(input) }, parts);
  return [
    implementStream(
      getResponse,
      async (input) => {
        const id = input.params.response_id;
        if (!wantsStream(input)) return get(input, id, '');
        const { kept, deployment } = await find(input, id, parts);
        if (kept.call === undefined) throw wasNotInBackground('query', '/stream');
        await resume(input, { id, kept, deployment }, parts);
      },
      OWN_HEAD,
    ),
    implementStream(
      listResponseItems,
      (input) => get(input, input.params.response_id, '/input_items'),
      OWN_HEAD,
    ),
    implementStream(
      cancelResponse,
      async (input) => {
        const id = input.params.response_id;
        const { kept } = await find(input, id, parts);
        if (kept.call === undefined) throw wasNotInBackground('params', '/response_id');
        return answer(input, { id, method: 'POST', below: '/cancel', query: '' }, parts);
      },
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
  readonly method: 'GET' | 'DELETE' | 'POST';
  readonly below: string;
  readonly query: string;
}

interface Found {
  readonly kept: KeptAt;
  readonly deployment: Deployment;
}

async function find(input: StreamInput, id: string, parts: KeptParts): Promise<Found> {
  const kept = openId(parts.keys, input.caller, id); // K1
  const deployment = kept && (await findDeployment(input, kept.deployment, parts));
  if (kept === null || deployment === null) throw noSuchResponse();
  return { kept, deployment };
}

async function answer(input: StreamInput, question: Question, parts: KeptParts): Promise<void> {
  const { reply, request } = input;
  const { kept, deployment } = await find(input, question.id, parts);
  if (question.method === 'DELETE' && kept.call !== undefined)
    await refuseRunning(input, { kept, deployment }, parts);
  const { head, body } = await ask(input, deployment, { ...question, theirs: kept.id }, parts);
  if (head.status === 404) throw noSuchResponse();
  const said = question.method === 'DELETE' ? undefined : parseObject(body);
  if (head.status < 300) {
    if (said !== undefined) await hear(input, { kept, deployment }, { said, parts });
    const action = RECORDED[question.method];
    if (action !== undefined) await record(input, { action, id: question.id }, parts.db);
  }
  if (reply.destroyed) return;
  const renames = renamesOf(input, { kept, deployment }, { said, id: question.id, parts });
  const told = renameIds(body, renames); // K3
  const headers = passedHeaders(head.headers, request.id);
  headers['content-length'] = told.length;
  reply.writeHead(head.status, headers);
  reply.end(told);
}

const RECORDED: Readonly<Record<Question['method'], string | undefined>> = {
  GET: undefined,
  POST: cancelResponse.id,
  DELETE: deleteResponse.id,
};

/** One that is made in the background is booked before its end is told (L2). */
async function hear(
  { caller }: StreamInput,
  { kept, deployment }: Found,
  { said, parts }: { readonly said: JsonObject; readonly parts: KeptParts },
): Promise<void> {
  const orgId = orgOf(caller.orgId);
  if (kept.call !== undefined) await settleHeard(parts, { orgId, id: kept.call, deployment }, said);
}

/** What is deleted could not be asked for what it used. */
async function refuseRunning(input: StreamInput, found: Found, parts: KeptParts): Promise<void> {
  const { kept, deployment } = found;
  const question = { id: '', method: 'GET', below: '', query: '', theirs: kept.id } as const;
  const { head, body } = await ask(input, deployment, question, parts);
  const said = head.status < 300 ? parseObject(body) : undefined;
  if (said === undefined) return;
  await hear(input, found, { said, parts });
  if (!goesOn(said)) return;
  throw new Fault('request.invalid', 'a response that is being made', {
    detail: 'The response is still being made in the background: cancel it, then delete it.',
  });
}

/** The id of what it goes on from is the provider's too. */
function renamesOf(
  { caller }: StreamInput,
  { kept, deployment }: Found,
  of: { readonly said: JsonObject | undefined; readonly id: string; readonly parts: KeptParts },
): Renames {
  const renames = new Map([[kept.id, of.id]]);
  const previous = of.said?.['previous_response_id'];
  if (typeof previous === 'string' && !renames.has(previous)) {
    const at = { deployment: deployment.id, id: previous };
    renames.set(previous, sealId(of.parts.keys, caller, at));
  }
  return renames;
}

async function resume(
  input: StreamInput,
  { id, kept, deployment }: Found & { readonly id: string },
  parts: KeptParts,
): Promise<void> {
  const attempt = begin(
    deployment,
    { theirs: kept.id, id, method: 'GET', below: '', query: rawQueryOf(input) },
    { parts, wantsStream: true },
  );
  await resumeStream(input, attempt, {
    deployment,
    hear: (said) => hear(input, { kept, deployment }, { said, parts }),
    renamesFor: (said) => renamesOf(input, { kept, deployment }, { said, id, parts }),
    limits: parts,
  });
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

function begin(
  deployment: Deployment,
  { theirs, method, below, query }: Question & { readonly theirs: string },
  of: { readonly parts: KeptParts; readonly wantsStream: boolean },
): Attempt {
  const { switchboard, answerBytesMax } = of.parts;
  return new Attempt(
    switchboard.upstreamOf(deployment),
    {
      format: RESPONSES,
      model: deployment.upstreamModel,
      body: NOTHING,
      at: { method, below: `/${encodeURIComponent(theirs)}${below}` },
      wantsStream: of.wantsStream,
      headers: null,
      query,
    },
    answerBytesMax,
  );
}

async function ask(
  { reply }: StreamInput,
  deployment: Deployment,
  question: Question & { readonly theirs: string },
  parts: KeptParts,
) {
  const { method } = question;
  const attempt = begin(deployment, question, { parts, wantsStream: false });
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

async function record(
  { caller, request }: StreamInput,
  { action, id }: { readonly action: string; readonly id: string },
  db: Db,
): Promise<void> {
  const orgId = orgOf(caller.orgId);
  await inTenant(db, [orgId], (tx) =>
    appendAudit(tx, {
      orgId,
      actor: nameActor(caller),
      action,
      // The end of an id tells it apart from others; all of it is longer than an entry takes.
      subject: `response:…${id.slice(-24)}`,
      outcome: 'ok',
      requestId: request.id,
      details: {},
    }),
  );
}

function orgOf(orgId: OrganizationId | null): OrganizationId {
  if (orgId === null) throw new Error('a model caller without an organization');
  return orgId;
}
