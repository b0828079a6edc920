import { SAFETY_HEADERS, type StreamInput } from '@sagewai/http';

import { refusesCredential } from '../answers/answer-whole.ts';
import { passedHeaders } from '../answers/pass-headers.ts';
import { findRequestFields, rewriteRequest } from '../bytes/rewrite-request.ts';
import { classify, withinReach } from '../classification/classification.ts';
import { bridgeTo } from '../formats/bridge.ts';
import { estimatePrompt } from '../formats/estimate-prompt.ts';
import type { Format } from '../formats/format.ts';
import { MESSAGES } from '../formats/messages.ts';
import type { CallerDetail } from '../keys/virtual-key.ts';
import type { Catalogue } from '../models/catalogue.ts';
import type { Deployment } from '../models/deployment.ts';
import type { Switchboard } from '../switchboard.ts';
import { Attempt } from './attempt.ts';
import { type Allowance, demandAllowance } from './count-allowance.ts';
import { findAllowed, isAmbiguous } from './find-allowed.ts';
import type { TellsPlace } from './forward.ts';
import { isRedirect, toGarbageFault, toUpstreamFault } from './upstream-fault.ts';

/** Messages at another path: the same body and headers, an answer without usage. */
const COUNTING: Format = { ...MESSAGES, path: '/messages/count_tokens' };

interface CountRequest {
  readonly model: string;
  readonly messages: readonly unknown[];
  readonly system?: unknown;
  readonly tools?: unknown;
}

interface CountParts {
  readonly catalogue: Pick<Catalogue, 'find' | 'known' | 'unreachable'>;
  readonly switchboard: Pick<Switchboard, 'upstreamOf'>;
  readonly answerBytesMax: number;
  readonly tellsPlace: TellsPlace;
  /** Counts are free, and so no budget bounds them: each caller has so many a minute at each server. */
  readonly allowance: Allowance;
}

/**
 * Counts the tokens of a prompt. A provider that speaks messages counts itself, for nothing, so that
 * nothing is reserved or booked; for the others it is an estimate, which says so in a header.
 */
export function createCountTokens(of: CountParts): (input: StreamInput) => Promise<void> {
  return async (input) => {
    demandAllowance(of.allowance, input.caller);
    const body = input.body as CountRequest;
    const { policy } = input.caller.detail as CallerDetail;
    const group = withinReach(
      await findAllowed(input.caller, body.model, of.catalogue),
      classify(input.request.headers, policy?.classification),
    );
    const deployment = group.deployments.find(
      (each) => bridgeTo(each, MESSAGES.name)?.upstream === MESSAGES,
    );
    if (deployment === undefined) estimate(input, body);
    else await ask(input, deployment, of);
  };
}

function estimate({ reply, request }: StreamInput, body: CountRequest): void {
  const text = JSON.stringify({ input_tokens: estimatePrompt(body) });
  reply.writeHead(200, {
    ...SAFETY_HEADERS,
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(text),
    'x-request-id': request.id,
    'x-sagewai-usage-source': 'estimate',
  });
  reply.end(text);
}

async function ask(
  { raw, reply, request }: StreamInput,
  deployment: Deployment,
  of: CountParts,
): Promise<void> {
  const found = findRequestFields(raw, COUNTING.names);
  if (found.kind === 'ambiguous') throw isAmbiguous(found.name);
  const changes = { model: deployment.upstreamModel, askForUsage: false, cap: undefined };
  const attempt = new Attempt(
    of.switchboard.upstreamOf(deployment),
    {
      format: COUNTING,
      model: deployment.upstreamModel,
      body: rewriteRequest(raw, found.fields, changes),
      wantsStream: false,
      headers: COUNTING.passHeaders(request.headers),
      query: COUNTING.passQuery(request.url),
    },
    of.answerBytesMax,
  );
  const leave = (): void => attempt.abort();
  reply.once('close', leave);
  const head = await attempt.head;
  const collected = head.kind === 'head' ? await attempt.collect() : head;
  reply.off('close', leave);
  if (reply.destroyed) return;
  if (head.kind === 'failed') {
    throw toUpstreamFault(head.failure, deployment, of.tellsPlace({ request }));
  }
  if (collected.kind === 'failed') throw toUpstreamFault(collected.failure, deployment);
  if (collected.kind === 'too_large') throw toGarbageFault(deployment, 'a count without end');
  if (isRedirect(head.status)) throw toGarbageFault(deployment, 'that it is somewhere else');
  const refusal = refusesCredential(deployment, head.status);
  if (refusal !== undefined) throw refusal;
  const headers = passedHeaders(head.headers, request.id);
  headers['content-length'] = collected.body.length;
  reply.writeHead(head.status, headers);
  reply.end(collected.body);
}
