import { Fault } from '@sagewai/fault';

import { NO_USAGE } from '../money/usage.ts';
import { type Failed, judgeHead } from '../routing/judge-head.ts';
import type { Trail } from '../routing/trail.ts';
import type { Head } from './attempt.ts';
import { type Begun, beginAttempt } from './begin-attempt.ts';
import type { DecidedCall } from './decide-call.ts';
import type { OpenParts } from './open-answer.ts';
import { nothingSeen, usageOrEstimate } from './settle-call.ts';

export type NoteFailed = (begun: Begun, verdict: Failed) => void;

interface HedgeParts {
  readonly afterMs: number;
  readonly decided: DecidedCall;
  readonly trail: Trail;
  readonly parts: OpenParts;
  /** Told of an attempt that failed while the other went on. */
  readonly noteFailed: NoteFailed;
}

/**
 * R6. The attempt that answers first: this one, or a second one at another deployment, begun when the
 * first has been silent for `afterMs`. The second is reserved for before it is sent (M1, R3); the one that
 * loses is given up, and booked as what it may have cost (R1). Nothing of either has gone to the client (R2).
 */
export async function hedgeAttempt(first: Begun, of: HedgeParts): Promise<Begun> {
  const { parts, trail, decided } = of;
  const { routeMeters, switchboard } = parts;
  let isFirstIn = false;
  const firstIn = first.head.then(() => {
    isFirstIn = true;
  });
  await within(firstIn, of.afterMs);
  if (isFirstIn || first.call.input.reply.destroyed) return first;
  const deployment = switchboard.beside(first.call, first.deployment, trail);
  if (deployment === undefined) {
    routeMeters.hedged('nobody');
    return first;
  }
  const call = await parts.reserve(decided, trail).catch((error: unknown) => {
    if (error instanceof Fault) return undefined;
    throw error;
  });
  if (call === undefined) {
    routeMeters.hedged('refused');
    return first;
  }
  // It may have come while the other was reserved for.
  if (isFirstIn) {
    const free = { usage: NO_USAGE, source: 'provider', status: 'aborted' } as const;
    await parts.settle({ ...call, trail: undefined }, { deployment, ...free });
    return first;
  }
  const second = beginAttempt(call, deployment, { trail, parts });
  const { won, lost, head } = await race(first, second);
  const verdict = judgeHead(head, switchboard.now(), won.wantsStream, won.bridge.upstream);
  if (verdict.kind === 'failed') {
    of.noteFailed(won, verdict);
    won.attempt.abort();
    await book(won, verdict.isBillable, 'error', parts);
    routeMeters.hedged(lost === first ? 'first' : 'second');
    return lost;
  }
  lost.attempt.abort();
  trail.fail({
    deployment: lost.deployment.id,
    because: 'hedged',
    callId: lost.call.reservationId,
  });
  await book(lost, true, 'aborted', parts);
  routeMeters.hedged(won === first ? 'first' : 'second');
  return won;
}

interface Race {
  readonly won: Begun;
  readonly lost: Begun;
  readonly head: Head;
}

function race(first: Begun, second: Begun): Promise<Race> {
  return Promise.race([
    first.head.then((head) => ({ won: first, lost: second, head })),
    second.head.then((head) => ({ won: second, lost: first, head })),
  ]);
}

/** An attempt that is not the answer. Its decision is that of the one that is. */
async function book(
  { call, deployment }: Begun,
  isBillable: boolean,
  status: 'error' | 'aborted',
  { settle }: OpenParts,
): Promise<void> {
  const used = isBillable
    ? usageOrEstimate(call, undefined, nothingSeen)
    : ({ usage: NO_USAGE, source: 'provider' } as const);
  await settle({ ...call, trail: undefined }, { deployment, ...used, status });
}

async function within(promise: Promise<void>, ms: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([promise, over]);
  clearTimeout(timer);
}
