import type { BodyOf, RunId, submitRun } from '@sagewai/wire';

import { maxAttemptsOf, retryPolicyOf } from './retry-policy.ts';
import { MAX_ATTEMPTS_DEFAULT, type ParentWish, type RunPlan } from './run.ts';

type Submission = BodyOf<typeof submitRun>;

/** Null for the many that say nothing of when and how often they are tried: they cost nothing more. */
export function planOf(
  submission: Submission,
  { redriveOf, parent = null }: { redriveOf?: RunId; parent?: ParentWish | null } = {},
): RunPlan | null {
  const { run_at: runAt, delay_seconds: delay = 0, timeout_seconds: timeout, retry } = submission;
  const { no_progress_seconds: noProgress } = submission;
  const maxAttempts = maxAttemptsOf(submission.max_attempts, retry, MAX_ATTEMPTS_DEFAULT);
  const policy = retryPolicyOf(retry, maxAttempts);
  const plan: RunPlan = {
    ...(typeof runAt === 'string' ? { run_at: runAt } : {}),
    ...(delay > 0 ? { delay_ms: Math.round(delay * 1_000) } : {}),
    ...(timeout === undefined ? {} : { timeout_ms: Math.round(timeout * 1_000) }),
    ...(noProgress === undefined ? {} : { no_progress_ms: Math.round(noProgress * 1_000) }),
    ...(policy === null ? {} : { retry: policy }),
    ...(parent === null ? {} : { parent }),
    ...(redriveOf === undefined ? {} : { redrive_of: redriveOf }),
  };
  return Object.keys(plan).length === 0 ? null : plan;
}
