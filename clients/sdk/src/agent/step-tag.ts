import type { StepCall } from '../workflow/context.ts';

const LENGTH_MAX = 100;
/** What a header takes as it is, and no list of two. */
const PLAIN = /^[\u0020-\u002b\u002d-\u007e]+$/;

/** By what a call at the gateway is counted to its step; null: the step is none of a run, or its name does not fit. */
export function stepTag({
  idempotencyKey,
  key,
}: Pick<StepCall, 'idempotencyKey' | 'key'>): string | null {
  const tag = `step:${key}`;
  const isOfRun = !idempotencyKey.startsWith('process:');
  return isOfRun && tag.length <= LENGTH_MAX && PLAIN.test(tag) ? tag : null;
}
