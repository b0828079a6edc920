import type { RunId } from '@sagewai/wire';

import type { Asked, Found } from './backlog.ts';
import type { ClaimAnswer, Cut, PollDemand } from './queue.sql.ts';
import type { WaitingPoll } from './waiting-poll.ts';

export function toDemand({ request }: WaitingPoll): PollDemand {
  const { worker, sessionEpoch, pollId, slots } = request;
  return { workerNum: worker.num, sessionEpoch, pollId, slots };
}

/**
 * The polls of those who have a share, with as many slots as it is; `max` in all. In the order of the
 * shares: where a claim finds less than was seen, the first of them gets it.
 */
export function shareOut(
  polls: readonly WaitingPoll[],
  counts: ReadonlyMap<number, number>,
  max: number,
): { readonly poll: WaitingPoll; readonly slots: number }[] {
  const pollsOf = Map.groupBy(polls, ({ request }) => request.worker.num);
  const served: { poll: WaitingPoll; slots: number }[] = [];
  let room = max;
  for (const [num, count] of counts) {
    let left = count;
    for (const poll of pollsOf.get(num) ?? []) {
      const slots = Math.min(left, poll.request.slots, room);
      if (slots === 0) break;
      left -= slots;
      room -= slots;
      served.push({ poll, slots });
    }
  }
  return served;
}

export const NOTHING_FOUND: Found = { count: 0, seqMax: 0n, submittedMs: 0 };

/** What a claim found in one line. */
export function tally(
  { answers, cuts }: { readonly answers: readonly ClaimAnswer[]; readonly cuts: readonly Cut[] },
  want: Asked,
): Found {
  let { count, seqMax, submittedMs } = NOTHING_FOUND;
  for (const { sq, prio, seq, runId } of answers) {
    if (seq === 0n || sq !== want.sq || prio !== want.prio) continue;
    count += 1;
    if (seq > seqMax) [seqMax, submittedMs] = [seq, submittedAtMs(runId)];
  }
  const cut = cuts.find(({ sq, prio }) => sq === want.sq && prio === want.prio);
  return { count, seqMax, submittedMs, cut };
}

/** A run id begins with the time of its submission. */
function submittedAtMs(runId: RunId): number {
  return Number.parseInt(runId.replace('-', '').slice(0, 12), 16);
}
