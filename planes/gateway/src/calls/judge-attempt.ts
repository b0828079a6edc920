import { judgeHead, type Verdict } from '../routing/judge-head.ts';
import type { Head } from './attempt.ts';
import type { Begun } from './begin-attempt.ts';
import { readKind } from './read-kind.ts';

/**
 * What an attempt comes to. A whole answer has gone to nobody before all of it is there (R2): where another
 * may take its place, one that breaks off midway is a failure like any other, and is booked (R1).
 */
export function judgeAttempt(
  { attempt, bridge: { upstream }, wantsStream }: Begun,
  head: Head,
  { now, isReplaceable }: { readonly now: () => Date; readonly isReplaceable: boolean },
): Verdict | Promise<Verdict> {
  const verdict = judgeHead(head, now(), wantsStream, upstream);
  if (!isReplaceable || verdict.kind !== 'answered' || head.kind !== 'head') return verdict;
  if (readKind(head, wantsStream, upstream.otherAnswers) !== 'whole') return verdict;
  return attempt.collect().then((collected) => {
    if (collected.kind !== 'failed') return verdict;
    const { failure } = collected;
    return judgeHead({ kind: 'failed', failure }, now(), wantsStream, upstream);
  });
}
