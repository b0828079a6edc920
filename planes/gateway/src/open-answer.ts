import type { AdmittedCall } from './admitted-call.ts';
import { Attempt, type Head } from './attempt.ts';
import { rewriteRequest } from './bytes/rewrite-request.ts';
import type { DecidedCall } from './decide-call.ts';
import type { Deployment } from './models/deployment.ts';
import { capFor } from './plan-call.ts';
import { type Failed, judgeHead } from './routing/judge-head.ts';
import { waitUnlessClosed } from './routing/wait-unless-closed.ts';
import { nothingSeen, type SettleCall, usageOrEstimate } from './settle-call.ts';
import type { Switchboard } from './switchboard.ts';

/** An attempt whose answer has begun, or which has failed for good. */
export interface OpenAnswer {
  /** What is reserved for this attempt, and is still to be settled. */
  readonly call: AdmittedCall;
  readonly attempt: Attempt;
  readonly deployment: Deployment;
  readonly head: Head;
  readonly retries: number;
}

export interface OpenParts {
  readonly switchboard: Switchboard;
  readonly reserve: (call: DecidedCall) => Promise<AdmittedCall>;
  readonly settle: SettleCall;
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
  parts: OpenParts,
): Promise<OpenAnswer> {
  const { switchboard } = parts;
  const { reply } = admitted.input;
  let call = admitted;
  let deployment = switchboard.choose(call);
  let tried: Map<string, Failed> | undefined;
  for (let retries = 0; ; retries++) {
    const { attempt, head } = await send(call, deployment, parts);
    const verdict = judgeHead(head, switchboard.now());
    const open = { call, attempt, deployment, head, retries };
    if (verdict.kind !== 'failed') return open;
    switchboard.noteFailure(deployment, verdict);
    tried ??= new Map();
    tried.set(deployment.id, verdict);
    const next = switchboard.next(call, { tried, last: verdict, attempts: retries + 1 });
    if (next.kind === 'none') return open;
    if (next.waitMs > 0) await waitUnlessClosed(reply, next.waitMs);
    if (reply.destroyed) return open;
    if (verdict.isBillable) {
      const again = await reserveAgain(decided, open, parts);
      if (again === undefined) return open;
      call = again;
    }
    attempt.abort();
    deployment = next.deployment;
  }
}

async function send(
  call: AdmittedCall,
  deployment: Deployment,
  { switchboard, keptBytesMax }: OpenParts,
): Promise<{ attempt: Attempt; head: Head }> {
  const { reply } = call.input;
  const wantsStream = call.body.stream === true;
  const request = { body: bodyFor(call, deployment), wantsStream };
  const watch = switchboard.watch(call.group, deployment);
  const limitMs = switchboard.limitMs(deployment, wantsStream);
  const attempt = new Attempt(switchboard.upstreamOf(deployment), request, keptBytesMax, {
    limitMs,
    // A stream that can still be replaced is not begun before there is something of it.
    waitsForData: wantsStream && (limitMs !== null || watch !== undefined),
    onOver: watch && (() => watch.ended()),
  });
  const leave = (): void => attempt.abort();
  // A stream that nobody waits for is given up; a whole answer is waited for, to know its cost.
  if (wantsStream) reply.once('close', leave);
  const head = await attempt.head;
  reply.off('close', leave);
  if (head.kind === 'head' && head.status < 400) watch?.began(wantsStream);
  return { attempt, head };
}

/** R3. Reserved first: where there is no money for another attempt, the one that failed is the answer. */
async function reserveAgain(
  decided: DecidedCall,
  { call, deployment }: OpenAnswer,
  { reserve, settle }: OpenParts,
): Promise<AdmittedCall | undefined> {
  const again = await reserve(decided).catch(() => undefined);
  if (again === undefined) return undefined;
  const estimate = usageOrEstimate(call, undefined, nothingSeen);
  await settle(call, { deployment, ...estimate, status: 'error' });
  return again;
}

function bodyFor(call: AdmittedCall, deployment: Deployment): Buffer {
  const { body, fields, bounds, granted, hidesUsage } = call;
  return rewriteRequest(call.input.raw, fields, {
    model: deployment.upstreamModel,
    askForUsage: hidesUsage,
    cap: capFor(deployment, body, bounds, granted),
  });
}
