import { createHmac, type KeyObject } from 'node:crypto';

import { Fault } from '@sagewai/fault';
import type { RunId } from '@sagewai/wire';

import { type ChildBounds, parentWishOf } from './child.ts';
import { encodeContent } from './encode-content.ts';
import { planOf } from './plan-run.ts';
import { maxAttemptsOf, type WirePolicy } from './retry-policy.ts';
import { MAX_ATTEMPTS_DEFAULT, type NewRun } from './run.ts';
import type { Submission, Submitter } from './submissions.ts';

/** Where a run will wait. */
export interface Place {
  readonly runId: RunId;
  readonly sq: number;
  /** Without the ramp of the pool, which may be another when the same request is repeated. */
  readonly sqAsked: number;
  /** What the pool does with failures of runs that do not say; null: nothing. */
  readonly retry: WirePolicy | null;
}

export function newRunOf(
  submission: Submission,
  of: Place & {
    readonly model: string | null;
    readonly hashKey: KeyObject;
    readonly payloadBytesMax: number;
    readonly childBounds: ChildBounds;
  },
  by: Submitter,
): NewRun {
  const { runId, sq, sqAsked, model, hashKey } = of;
  const retry = submission.retry ?? of.retry ?? undefined;
  const { priority = 0, max_attempts: maxAttempts, deadline, concurrency } = submission;
  if (typeof submission.run_at === 'string' && submission.delay_seconds !== undefined) {
    throw new Fault('request.invalid', 'a run is put off in two ways', {
      detail: 'Say run_at or delay_seconds, not both.',
    });
  }
  const parent = parentWishOf(submission, by, of.childBounds);
  const payload = encodeContent(submission.payload, 'payload', of.payloadBytesMax);
  const { orgId, projectId, actor } = by;
  return {
    orgId,
    projectId,
    actor,
    runId,
    sq,
    prio: 0 - priority,
    model,
    maxAttempts: maxAttemptsOf(maxAttempts, retry, MAX_ATTEMPTS_DEFAULT),
    deadline: typeof deadline === 'string' ? new Date(deadline) : null,
    payload,
    idempotencyKey: submission.idempotency_key ?? null,
    requestHash: createHmac('sha256', hashKey)
      .update(
        JSON.stringify([
          payload,
          sqAsked,
          model,
          priority,
          maxAttempts,
          deadline,
          ...unusual(submission),
          ...(parent === null ? [] : [{ parent: parent.id, onEnd: parent.on_end }]),
        ]),
      )
      .digest('hex'),
    // Not part of the hash: the pool's may be another when the same request is repeated.
    plan: planOf(retry === undefined ? submission : { ...submission, retry }, { parent }),
    keyLimit: concurrency?.limit ?? null,
  };
}

/** What few submissions say; nothing of the others, so that their hash stays what it was. */
function unusual(submission: Submission): unknown[] {
  const { run_at: runAt, delay_seconds: delay, timeout_seconds: timeout, retry } = submission;
  const said = [runAt, delay, timeout, retry];
  const { no_progress_seconds: noProgress, routing = {}, sticky } = submission;
  const { worker_id: worker, worker_wait_seconds: wait, worker_fallback: fallback } = routing;
  const whom = [worker, wait, fallback, sticky].every((one) => one === undefined)
    ? []
    : [{ worker, wait, fallback, sticky }];
  const since = [...(noProgress === undefined ? [] : [noProgress]), ...whom];
  return said.every((one) => one === undefined) && since.length === 0 ? [] : [...said, ...since];
}
