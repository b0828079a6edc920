import type { Asked } from './backlog.ts';
import type { ClaimAnswer, PollDemand } from './queue.sql.ts';
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

/** What a claim found in one line: how many, and the highest number. */
export function tally(
  answers: readonly ClaimAnswer[],
  want: Asked,
): { count: number; seqMax: bigint } {
  let count = 0;
  let seqMax = 0n;
  for (const { sq, prio, seq } of answers) {
    if (seq === 0n || sq !== want.sq || prio !== want.prio) continue;
    count += 1;
    if (seq > seqMax) seqMax = seq;
  }
  return { count, seqMax };
}
