import { Fault } from '@sagewai/fault';

import { isCostBound } from '../call-budget/call-budget.ts';
import type { Fallbacks } from '../routing/fallbacks.ts';
import type { Failed, Verdict } from '../routing/judge-head.ts';
import type { RouteMeters } from '../routing/route-meters.ts';
import type { Trail } from '../routing/trail.ts';
import { waitUnlessClosed } from '../routing/wait-unless-closed.ts';
import type { Switchboard } from '../switchboard.ts';
import type { AdmittedCall } from './admitted-call.ts';
import type { Head } from './attempt.ts';
import { type Begun, beginAttempt } from './begin-attempt.ts';
import type { DecidedCall } from './decide-call.ts';
import { hedgeAttempt, type NoteFailed } from './hedge-attempt.ts';
import { judgeAttempt } from './judge-attempt.ts';
import { nothingSeen, type SettleCall, usageOrEstimate } from './settle-call.ts';

/** An attempt whose answer has begun, or which has failed for good. */
export interface OpenAnswer extends Omit<Begun, 'head'> {
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
  const noteFailed: NoteFailed = (begun, verdict) => {
    if (verdict.sparesIt !== true) switchboard.noteFailure(begun.deployment, verdict);
    parts.routeMeters.failed(begun.deployment, verdict.because);
    tried ??= new Map();
    tried.set(begun.deployment.id, verdict);
    trail.fail({
      deployment: begun.deployment.id,
      because: verdict.because,
      callId: verdict.isBillable ? begun.call.reservationId : null,
    });
  };
  for (let retries = 0; ; retries++) {
    const first = beginAttempt(call, deployment, { trail, parts });
    const mayHedge = retries === 0 && !isCostBound(call);
    const hedgeMs = mayHedge ? switchboard.hedgeAfterMs(call.group) : null;
    const begun =
      hedgeMs === null
        ? first
        : await hedgeAttempt(first, { afterMs: hedgeMs, decided, trail, parts, noteFailed });
    const head = await begun.head;
    const verdict = await judgeAttempt(begun, head, {
      now: () => switchboard.now(),
      isReplaceable: isReplaceable(call, parts.fallbacks()),
    });
    const open = { ...begun, head, verdict, retries, trail };
    if (verdict.kind !== 'failed') return open;
    noteFailed(begun, verdict);
    call = begun.call;
    const next = switchboard.next(call, {
      tried: tried ?? NOBODY,
      last: verdict,
      attempts: retries + 1,
      trail,
    });
    if (next.kind === 'none' || trail.leftMs <= 0) return open;
    if (next.waitMs > 0) await waitUnlessClosed(reply, next.waitMs);
    if (reply.destroyed) return open;
    if (verdict.isBillable) {
      const again = await reserveAgain(decided, open, parts);
      if (again === undefined) return open;
      call = again;
    }
    begun.attempt.abort();
    parts.routeMeters.retried(next.kind);
    deployment = next.deployment;
  }
}

function isReplaceable({ group }: AdmittedCall, { byDefault, generic }: Fallbacks): boolean {
  return group.deployments.length > 1 || byDefault.length > 0 || generic.has(group.model);
}

const NOBODY: ReadonlyMap<string, Failed> = new Map();

/** R3. Reserved first: where there is no money for another attempt, the one that failed is the answer. */
async function reserveAgain(
  decided: DecidedCall,
  { call, deployment, trail }: OpenAnswer,
  { reserve, settle }: OpenParts,
): Promise<AdmittedCall | undefined> {
  if (isCostBound(call)) return undefined;
  const again = await reserve(decided, trail).catch((error: unknown) => {
    if (error instanceof Fault) return undefined;
    throw error;
  });
  if (again === undefined) return undefined;
  const estimate = usageOrEstimate(call, undefined, nothingSeen);
  await settle({ ...call, trail: undefined }, { deployment, ...estimate, status: 'error' });
  return again;
}
