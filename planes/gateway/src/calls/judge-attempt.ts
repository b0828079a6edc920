import { judgeHead, type Verdict } from '../routing/judge-head.ts';
import { isSealRefused } from '../sealed-reasoning/sealed-in.ts';
import type { Head } from './attempt.ts';
import type { Begun } from './begin-attempt.ts';
import { readKind } from './read-kind.ts';

const KEY_REFUSED = 401;

/** A2. Another account may open it; this one is well. */
const SEALED: Verdict = {
  kind: 'failed',
  because: 'sealed',
  isBillable: false,
  mayRepeat: false,
  coolsAtOnce: false,
  retryAfterMs: null,
  sparesIt: true,
};

/**
 * What an attempt comes to. A whole answer has gone to nobody before all of it is there (R2): where another
 * may take its place, one that breaks off midway is a failure like any other, and is booked (R1). A refusal whose
 * words alone tell that it is of our credential is one too.
 */
export function judgeAttempt(
  { attempt, bridge: { upstream }, call, wantsStream }: Begun,
  head: Head,
  { now, isReplaceable }: { readonly now: () => Date; readonly isReplaceable: boolean },
): Verdict | Promise<Verdict> {
  const verdict = judgeHead(head, now(), wantsStream, upstream);
  if (!isReplaceable || head.kind !== 'head') return verdict;
  if (verdict.kind === 'refused' && head.status === 400 && call.sealed !== undefined) {
    return attempt
      .collect()
      .then((told) => (told.kind === 'complete' && isSealRefused(told.body) ? SEALED : verdict));
  }
  const { isKeyRefused } = upstream;
  if (verdict.kind === 'refused' && isKeyRefused !== undefined) {
    return attempt.collect().then((collected) => {
      const isOurs = collected.kind === 'complete' && isKeyRefused(collected.body);
      return isOurs
        ? judgeHead({ ...head, status: KEY_REFUSED }, now(), wantsStream, upstream)
        : verdict;
    });
  }
  if (verdict.kind !== 'answered') return verdict;
  if (readKind(head, wantsStream, upstream.otherAnswers) !== 'whole') return verdict;
  return attempt.collect().then((collected) => {
    if (collected.kind !== 'failed') return verdict;
    const { failure } = collected;
    return judgeHead({ kind: 'failed', failure }, now(), wantsStream, upstream);
  });
}
