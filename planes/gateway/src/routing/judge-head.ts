import type { Head } from '../calls/attempt.ts';
import { readKind } from '../calls/read-kind.ts';
import type { Format } from '../formats/format.ts';
import { readRetryAfter } from './read-retry-after.ts';

/** What the head of an answer, or its absence, means for the call. */
export type Verdict =
  | { readonly kind: 'answered' }
  /** The provider refuses this call, and so would any other: its words go to the caller. */
  | { readonly kind: 'refused' }
  /** We gave the attempt up: nobody waits for it. */
  | { readonly kind: 'left' }
  | Failed;

export interface Failed {
  readonly kind: 'failed';
  /** For people and for metrics. */
  readonly because: string;
  /** It may have been charged (R1). */
  readonly isBillable: boolean;
  /** Whether the same deployment may get the same call again (R4). */
  readonly mayRepeat: boolean;
  /** One such failure is enough: it is not a matter of chance. */
  readonly coolsAtOnce: boolean;
  /** What the provider asks for, counted from now. */
  readonly retryAfterMs: number | null;
  /** The deployment is well all the same, and no other model is better. */
  readonly sparesIt?: true;
}

/** Statuses that another deployment may not answer. Any other below 500 is the caller's own affair. */
const FAILURES: Readonly<Record<number, { mayRepeat: boolean; coolsAtOnce: boolean }>> = {
  401: { mayRepeat: false, coolsAtOnce: true },
  403: { mayRepeat: false, coolsAtOnce: true },
  404: { mayRepeat: false, coolsAtOnce: false },
  408: { mayRepeat: true, coolsAtOnce: false },
  409: { mayRepeat: true, coolsAtOnce: false },
  425: { mayRepeat: true, coolsAtOnce: false },
  429: { mayRepeat: true, coolsAtOnce: true },
};

export function judgeHead(
  head: Head,
  now: Date,
  wantsStream: boolean,
  { otherAnswers }: Pick<Format, 'otherAnswers'> = {},
): Verdict {
  if (head.kind === 'failed') {
    const { kind } = head.failure;
    if (kind === 'aborted') return { kind: 'left' };
    const isBillable = kind !== 'unreachable';
    return failed(kind, { isBillable, mayRepeat: !isBillable, coolsAtOnce: false });
  }
  const { status, headers } = head;
  if (status < 400) {
    const isGarbage = readKind(head, wantsStream, otherAnswers) === 'garbage';
    const of = { isBillable: true, mayRepeat: false, coolsAtOnce: false };
    return isGarbage ? failed('garbage', of) : { kind: 'answered' };
  }
  const of = status >= 500 ? { mayRepeat: true, coolsAtOnce: false } : FAILURES[status];
  if (of === undefined) return { kind: 'refused' };
  return failed(String(status), { ...of, isBillable: false }, readRetryAfter(headers, now));
}

function failed(
  because: string,
  of: Pick<Failed, 'isBillable' | 'mayRepeat' | 'coolsAtOnce'>,
  retryAfterMs: number | null = null,
): Failed {
  return { kind: 'failed', because, ...of, retryAfterMs };
}
