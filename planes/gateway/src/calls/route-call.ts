import type { IncomingHttpHeaders } from 'node:http';

import { Fault } from '@sagewai/fault';
import type { StreamInput } from '@sagewai/http';
import type { TraceContext } from '@sagewai/telemetry';

import { isCostBound } from '../call-budget/call-budget.ts';
import { readWishes, wished } from '../call-wishes/call-wishes.ts';
import type { Format } from '../formats/format.ts';
import { NO_USAGE } from '../money/usage.ts';
import { chainOf, type FallbackKind } from '../routing/fallbacks.ts';
import { nameRefusal } from '../routing/name-refusal.ts';
import { Trail } from '../routing/trail.ts';
import type { AdmittedCall } from './admitted-call.ts';
import type { DecideCall, DecidedCall } from './decide-call.ts';
import { openAnswer, type OpenAnswer, type OpenParts } from './open-answer.ts';
import { nothingSeen, type SettleCall, usageOrEstimate } from './settle-call.ts';

export interface RouteParts extends OpenParts {
  readonly decide: DecideCall;
  readonly traceOf: (headers: IncomingHttpHeaders) => TraceContext | null;
}

/**
 * Decides a call, reserves for it and opens an answer: of the model that was asked for, else of the
 * models that the configuration names in its place. Each of them is decided like a call of its own (the
 * caller must be allowed to have it), and reserved for before it is sent (R3). Undefined: nobody waits
 * for the answer any more, and nothing was sent.
 */
export async function routeCall(
  given: StreamInput,
  format: Format,
  configured: RouteParts,
): Promise<OpenAnswer | undefined> {
  const said = format.form === undefined ? readWishes(given) : undefined;
  const { input } = said ?? { input: given };
  const parts =
    said === undefined
      ? configured
      : { ...configured, fallbacks: () => wished(configured.fallbacks(), said.wishes) };
  const trail = new Trail(parts.traceOf(input.request.headers));
  trail.retriesMax = said?.wishes.retries;
  const asked = await parts.decide(input, format);
  trail.tier = asked.tier;
  trail.classification = asked.classification;
  keepToBudget(asked, trail);
  const { decided, call } = await admit(asked, trail, parts);
  if (input.reply.destroyed) {
    const deployment = parts.switchboard.choose(call, trail);
    const status = 'aborted';
    await parts.settle(call, { deployment, usage: NO_USAGE, source: 'provider', status });
    return undefined;
  }
  let open = await openAnswer(decided, call, { trail, parts });
  // A model that took another's place has no place of its own to leave.
  const tried = new Set([asked.group.model, decided.group.model]);
  for (;;) {
    if (open.verdict.kind === 'answered') return open;
    const because = await whyElsewhere(open, asked, parts);
    if (because === null) return open;
    const left = chainOf(parts.fallbacks(), because, asked.group.model).filter(
      (model) => !tried.has(model),
    );
    const next = await nextModel(left, because, { asked, trail, parts, tried });
    if (next === undefined) return open;
    await settleLeft({ ...open, call: { ...open.call, trail: undefined } }, parts.settle);
    open.attempt.abort();
    open = await openAnswer(next.decided, next.call, { trail, parts });
  }
}

/** From when the call arrived. */
function keepToBudget({ budget, group, passedOver }: DecidedCall, trail: Trail): void {
  if (budget === undefined) return;
  const { timeoutMs } = budget;
  if (timeoutMs !== undefined) trail.deadlineMs = trail.startedMs + timeoutMs;
  trail.passOver(group.model, passedOver);
}

interface Admission {
  readonly decided: DecidedCall;
  readonly call: AdmittedCall;
}

/** Where there is no money for a model, there may be for one in its place. */
async function admit(asked: DecidedCall, trail: Trail, parts: RouteParts): Promise<Admission> {
  try {
    return { decided: asked, call: await parts.reserve(asked, trail) };
  } catch (error) {
    const chain = chainOf(parts.fallbacks(), 'budget', asked.group.model);
    if (!(error instanceof Fault) || error.code !== 'budget.exceeded' || chain.length === 0)
      throw error;
    const tried = new Set<string>();
    const next = await nextModel(chain, 'budget', { asked, trail, parts, tried });
    if (next === undefined) throw error;
    return next;
  }
}

/** The first of these models that this caller may have, and that there is money for. */
async function nextModel(
  models: readonly string[],
  because: FallbackKind,
  of: {
    readonly asked: DecidedCall;
    readonly trail: Trail;
    readonly parts: RouteParts;
    readonly tried: Set<string>;
  },
): Promise<Admission | undefined> {
  const { asked, trail, parts, tried } = of;
  for (const model of models) {
    if (trail.fallbackIndex >= parts.fallbacks().max) return undefined;
    tried.add(model);
    try {
      const { tier } = asked; // Why the call had come to the model that failed.
      const decided = { ...(await parts.decide(asked.input, asked.format, model)), tier };
      const call = await parts.reserve(decided, trail);
      trail.fallBack({ model, because, refused: null });
      parts.routeMeters.fellBack(because, 'sent');
      return { decided, call };
    } catch (error) {
      if (!(error instanceof Fault)) throw error;
      trail.fallBack({ model, because, refused: error.code });
      parts.routeMeters.fellBack(because, 'refused');
    }
  }
  return undefined;
}

/** For what reason another model may answer in the place of this one; null: for none. */
async function whyElsewhere(
  { head, attempt, call, verdict, trail }: OpenAnswer,
  { group: { model }, sealed }: DecidedCall,
  { fallbacks: current }: RouteParts,
): Promise<FallbackKind | null> {
  if (sealed?.isPinned === true) return null; // A1
  if (verdict.kind === 'failed' && verdict.sparesIt === true) return null;
  if (call.input.reply.destroyed || trail.leftMs <= 0) return null;
  if (verdict.kind === 'failed') return verdict.isBillable && isCostBound(call) ? null : 'generic';
  if (verdict.kind !== 'refused' || head.kind !== 'head') return null;
  const fallbacks = current();
  if (!fallbacks.context.has(model) && !fallbacks.contentPolicy.has(model)) return null;
  const collected = await attempt.collect();
  return collected.kind === 'complete' ? nameRefusal(head.status, collected.body) : null;
}

/** What an attempt cost that another model takes over from: what may have been charged is booked (R1). */
export async function settleLeft(
  { call, head, deployment }: Pick<OpenAnswer, 'call' | 'head' | 'deployment'>,
  settle: SettleCall,
): Promise<void> {
  const isFree = head.kind === 'head' ? head.status >= 400 : head.failure.kind === 'unreachable';
  const status = head.kind === 'failed' && head.failure.kind === 'aborted' ? 'aborted' : 'error';
  await settle(
    call,
    isFree
      ? { deployment, usage: NO_USAGE, source: 'provider', status }
      : { deployment, ...usageOrEstimate(call, undefined, nothingSeen), status },
  );
}
