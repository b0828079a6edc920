import { type TraceContext, traceparentOf } from '@sagewai/telemetry';
import type { JsonObject } from '@sagewai/translate';

import { rewriteRequest } from '../bytes/rewrite-request.ts';
import { withoutTimeout } from '../call-budget/call-budget.ts';
import { type Bridge, bridgeTo } from '../formats/bridge.ts';
import type { CrossedCall } from '../formats/crossing.ts';
import type { Deployment } from '../models/deployment.ts';
import { estimateUsage } from '../money/meter.ts';
import type { UpstreamRequest } from '../providers/upstream.ts';
import type { Trail } from '../routing/trail.ts';
import { type AdmittedCall, drains } from './admitted-call.ts';
import { Attempt, type Head } from './attempt.ts';
import type { OpenParts } from './open-answer.ts';
import { OUTPUT_TOKENS_UNKNOWN } from './plan-call.ts';
import { nothingSeen } from './settle-call.ts';

/** A call that was sent to one deployment. */
export interface Begun {
  readonly call: AdmittedCall;
  readonly attempt: Attempt;
  readonly deployment: Deployment;
  /** How its format is reached from the client's. */
  readonly bridge: Bridge;
  /** Null: the bytes pass as they are. */
  readonly crossed: CrossedCall | null;
  readonly wantsStream: boolean;
  /** Resolves when the answer has begun, or never will. */
  readonly head: Promise<Head>;
}

export function beginAttempt(
  call: AdmittedCall,
  deployment: Deployment,
  { trail, parts }: { readonly trail: Trail; readonly parts: OpenParts },
): Begun {
  const { switchboard, keptBytesMax } = parts;
  const bridge = reach(call, deployment);
  const crossed = cross(call, deployment, bridge, () => switchboard.now());
  const request = inTrace(requestFor(call, deployment, bridge, crossed), trail.trace);
  if (trail.sentMs === 0) trail.sentMs = performance.now();
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
  const head = attempt.head.then((seen) => {
    reply.off('close', leave);
    if (seen.kind === 'head' && seen.status < 400) watch?.began(wantsStream);
    return seen;
  });
  return { call, attempt, deployment, bridge, crossed, wantsStream, head };
}

/**
 * Not less than a moment: a timer takes no time that is over. And a moment more than is left: a timer counts
 * whole milliseconds and may be one early, and what would still be left is no time for another attempt.
 */
function leastOf(limitMs: number | null, leftMs: number): number | null {
  if (leftMs === Infinity) return limitMs;
  return Math.max(1, Math.min(limitMs ?? Infinity, Math.ceil(leftMs) + 1));
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
    body: (format.form?.rewrite ?? rewriteRequest)(input.raw, fields, {
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
