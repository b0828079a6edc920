import { Fault } from '@sagewai/fault';
import { type TraceContext, traceparentOf } from '@sagewai/telemetry';
import type { JsonObject } from '@sagewai/translate';

import { rewriteRequest } from '../bytes/rewrite-request.ts';
import { withoutTimeout } from '../call-budget/call-budget.ts';
import { type Bridge, bridgeTo } from '../formats/bridge.ts';
import type { CrossedCall } from '../formats/crossing.ts';
import type { Deployment } from '../models/deployment.ts';
import { estimateUsage } from '../money/meter.ts';
import type { UpstreamRequest } from '../providers/upstream.ts';
import type { Fallbacks } from '../routing/fallbacks.ts';
import { type Failed, judgeHead, type Verdict } from '../routing/judge-head.ts';
import type { RouteMeters } from '../routing/route-meters.ts';
import type { Trail } from '../routing/trail.ts';
import { waitUnlessClosed } from '../routing/wait-unless-closed.ts';
import type { Switchboard } from '../switchboard.ts';
import { type AdmittedCall, drains } from './admitted-call.ts';
import { Attempt, type Head } from './attempt.ts';
import type { DecidedCall } from './decide-call.ts';
import { OUTPUT_TOKENS_UNKNOWN } from './plan-call.ts';
import { nothingSeen, type SettleCall, usageOrEstimate } from './settle-call.ts';

/** An attempt whose answer has begun, or which has failed for good. */
export interface OpenAnswer {
  /** What is reserved for this attempt, and is still to be settled. */
  readonly call: AdmittedCall;
  readonly attempt: Attempt;
  readonly deployment: Deployment;
  /** How its format is reached from the client's. */
  readonly bridge: Bridge;
  /** Null: the bytes pass as they are. */
  readonly crossed: CrossedCall | null;
  readonly head: Head;
  readonly verdict: Verdict;
  readonly retries: number;
  readonly trail: Trail;
}

export interface OpenParts {
  readonly switchboard: Switchboard;
  readonly reserve: (call: DecidedCall, trail: Trail) => Promise<AdmittedCall>;
  readonly settle: SettleCall;
  readonly routeMeters: RouteMeters;
  readonly fallbacks: () => Fallbacks;
  readonly keptBytesMax: number;
}

/**
 * Sends the call, and again when an attempt failed before anything of an answer went to the client (R2):
 * to another deployment at once, to the same one after a wait. What may have been charged is settled as
 * an estimate, and the next attempt has a reservation of its own (R1, R3).
 */
export async function openAnswer(
  decided: DecidedCall,
  admitted: AdmittedCall,
  { trail, parts }: { readonly trail: Trail; readonly parts: OpenParts },
): Promise<OpenAnswer> {
  const { switchboard } = parts;
  const { reply } = admitted.input;
  let call = admitted;
  let deployment = switchboard.choose(call, trail);
  let tried: Map<string, Failed> | undefined;
  for (let retries = 0; ; retries++) {
    const bridge = reach(call, deployment);
    const crossed = cross(call, deployment, bridge, () => switchboard.now());
    const asked = requestFor(call, deployment, bridge, crossed);
    const request = inTrace(asked, trail.trace);
    if (trail.sentMs === 0) trail.sentMs = performance.now();
    const { attempt, head } = await send(call, deployment, request, { parts, trail });
    const verdict = judgeHead(head, switchboard.now(), request.wantsStream);
    const open = { call, attempt, deployment, bridge, crossed, head, verdict, retries, trail };
    if (verdict.kind !== 'failed') return open;
    switchboard.noteFailure(deployment, verdict);
    parts.routeMeters.failed(deployment, verdict.because);
    tried ??= new Map();
    tried.set(deployment.id, verdict);
    trail.fail({
      deployment: deployment.id,
      because: verdict.because,
      callId: verdict.isBillable ? call.reservationId : null,
    });
    const next = switchboard.next(call, { tried, last: verdict, attempts: retries + 1, trail });
    if (next.kind === 'none' || trail.leftMs <= 0) return open;
    if (next.waitMs > 0) await waitUnlessClosed(reply, next.waitMs);
    if (reply.destroyed) return open;
    if (verdict.isBillable) {
      const again = await reserveAgain(decided, open, parts);
      if (again === undefined) return open;
      call = again;
    }
    attempt.abort();
    parts.routeMeters.retried(next.kind);
    deployment = next.deployment;
  }
}

async function send(
  call: AdmittedCall,
  deployment: Deployment,
  request: UpstreamRequest,
  { parts, trail }: { readonly parts: OpenParts; readonly trail: Trail },
): Promise<{ attempt: Attempt; head: Head }> {
  const { switchboard, keptBytesMax } = parts;
  const { reply } = call.input;
  const { wantsStream } = request;
  const watch = switchboard.watch(call.group, deployment);
  const limitMs = leastOf(switchboard.limitMs(deployment, wantsStream), trail.leftMs);
  const { generic, byDefault } = parts.fallbacks();
  const mayFallBack = byDefault.length > 0 || generic.has(call.group.model);
  const attempt = new Attempt(switchboard.upstreamOf(deployment), request, keptBytesMax, {
    limitMs,
    // A stream that can still be replaced is not begun before there is something of it.
    waitsForData: wantsStream && (limitMs !== null || watch !== undefined || mayFallBack),
    onOver: watch && (() => watch.ended()),
  });
  const leave = (): void => attempt.abort();
  // A stream that nobody waits for is given up; a whole answer is waited for, to know its cost.
  if (wantsStream && !drains(call)) reply.once('close', leave);
  const head = await attempt.head;
  reply.off('close', leave);
  if (head.kind === 'head' && head.status < 400) watch?.began(wantsStream);
  return { attempt, head };
}

/** Not less than a moment: a timer takes no time that is over. */
function leastOf(limitMs: number | null, leftMs: number): number | null {
  return leftMs === Infinity ? limitMs : Math.max(1, Math.min(limitMs ?? Infinity, leftMs));
}

/** R3. Reserved first: where there is no money for another attempt, the one that failed is the answer. */
async function reserveAgain(
  decided: DecidedCall,
  { call, deployment, trail }: OpenAnswer,
  { reserve, settle }: OpenParts,
): Promise<AdmittedCall | undefined> {
  const again = await reserve(decided, trail).catch((error: unknown) => {
    if (error instanceof Fault) return undefined;
    throw error;
  });
  if (again === undefined) return undefined;
  const estimate = usageOrEstimate(call, undefined, nothingSeen);
  await settle({ ...call, trail: undefined }, { deployment, ...estimate, status: 'error' });
  return again;
}

/** Only deployments that can be reached are in the group of a decided call. */
function reach(call: AdmittedCall, deployment: Deployment): Bridge {
  const bridge = bridgeTo(deployment, call.format.name);
  if (bridge === undefined) throw new Error(`${deployment.id} cannot be reached`);
  return bridge;
}

/** The request in the provider's format, where that is not the client's; it was tried before (M1). */
function cross(
  call: AdmittedCall,
  deployment: Deployment,
  { crossing }: Bridge,
  now: () => Date,
): CrossedCall | null {
  if (crossing === null) return null;
  const { input, granted, bounds, budget } = call;
  const isShort = granted < bounds.outputMax;
  const body = input.body as JsonObject;
  return crossing.open(budget?.hasField === true ? withoutTimeout(body) : body, {
    deployment,
    maxTokensDefault: Math.min(granted, deployment.outputTokensMax ?? OUTPUT_TOKENS_UNKNOWN),
    outputCap: isShort ? granted : bounds.capEach,
    now,
    createdAt: Math.floor(now().getTime() / 1_000),
    inputTokensEstimate: estimateUsage(input.raw.length, nothingSeen(), UNLIMITED).input,
  });
}

const UNLIMITED = { inputMax: Infinity, outputMax: Infinity };

function requestFor(
  call: AdmittedCall,
  deployment: Deployment,
  { upstream }: Bridge,
  crossed: CrossedCall | null,
): UpstreamRequest {
  const { format, input, asked, fields, bounds, granted, budget } = call;
  const { wantsStream } = asked;
  const { upstreamModel: model } = deployment;
  if (crossed !== null) {
    const body = Buffer.from(JSON.stringify(crossed.body));
    return { format: upstream, model, body, wantsStream, headers: null, query: '' };
  }
  return {
    format: upstream,
    model,
    body: rewriteRequest(input.raw, fields, {
      model,
      insteadOfModel: upstream.insteadOfModel,
      askForUsage: asked.hidesUsage,
      cap: format.capFor(deployment, input.body, bounds, granted),
      drops: budget?.hasField === true ? 'timeout' : undefined,
    }),
    wantsStream,
    headers: upstream.passHeaders(input.request.headers),
    query: upstream.passQuery(input.request.url),
  };
}

/** Whoever is asked next goes on with the trace under the part that is done here. */
function inTrace(request: UpstreamRequest, trace: TraceContext | null): UpstreamRequest {
  if (trace === null) return request;
  return { ...request, headers: { ...request.headers, traceparent: traceparentOf(trace) } };
}
