import type { AdmittedCall } from './admitted-call.ts';
import { Attempt, type Head } from './attempt.ts';
import { rewriteRequest } from './bytes/rewrite-request.ts';
import type { Deployment } from './models/deployment.ts';
import { capFor } from './plan-call.ts';
import type { Switchboard } from './switchboard.ts';

/** An attempt whose answer has begun, or which has failed for good. */
export interface OpenAnswer {
  readonly attempt: Attempt;
  readonly deployment: Deployment;
  readonly head: Head;
  readonly retries: number;
}

/**
 * Sends the call, and once more elsewhere when the first attempt cannot have been charged: there was
 * no connection, or the provider answered that it failed. An attempt that broke off after it was sent
 * is not repeated, because it may have been charged, and would be charged twice.
 */
export async function openAnswer(
  call: AdmittedCall,
  switchboard: Switchboard,
  keptBytesMax: number,
): Promise<OpenAnswer> {
  const { reply } = call.input;
  let deployment = switchboard.choose(call.group);
  for (let retries = 0; ; retries++) {
    const wantsStream = call.body.stream === true;
    const request = { body: bodyFor(call, deployment), wantsStream };
    const attempt = new Attempt(switchboard.upstreamOf(deployment), request, keptBytesMax);
    const leave = (): void => attempt.abort();
    // A stream that nobody waits for is given up; a whole answer is waited for, to know its cost.
    if (wantsStream) reply.once('close', leave);
    const head = await attempt.head;
    reply.off('close', leave);
    if (!isFailure(head)) return { attempt, deployment, head, retries };
    switchboard.noteFailure(deployment, head);
    const other = retries === 0 ? switchboard.chooseOther(call.group, deployment) : undefined;
    if (other === undefined || reply.destroyed) return { attempt, deployment, head, retries };
    attempt.abort();
    deployment = other;
  }
}

const isFailure = (head: Head): boolean =>
  head.kind === 'head' ? head.status >= 500 : head.failure.kind === 'unreachable';

function bodyFor(call: AdmittedCall, deployment: Deployment): Buffer {
  const { body, fields, bounds, granted, hidesUsage } = call;
  return rewriteRequest(call.input.raw, fields, {
    model: deployment.upstreamModel,
    askForUsage: hidesUsage,
    cap: capFor(deployment, body, bounds, granted),
  });
}
