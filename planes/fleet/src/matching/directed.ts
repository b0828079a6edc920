import type { Asked, Backlog } from '../dispatch/backlog.ts';
import type { Desks } from '../dispatch/desks.ts';
import type { Group } from '../dispatch/group.ts';
import type { WaitingPoll } from '../dispatch/waiting-poll.ts';
import type { ClaimedRun } from '../runs/run.ts';

/** Runs of these lines are for one worker alone. */
export interface DirectedWants {
  readonly workerNum: number;
  readonly wants: readonly Asked[];
}

/**
 * What to ask for. Who waits at no desk of the group is asked for nothing: its lines are held until it
 * comes, so that they cost the others no statement and no turn (F4, F5).
 */
export function chooseFor(
  { backlog, desks }: { readonly backlog: Backlog; readonly desks: Desks },
  group: Group,
  polls: readonly WaitingPoll[],
): { readonly asked: Asked[]; readonly directed: DirectedWants[] } {
  const called = new Set(polls.map(({ request }) => request.worker.num));
  const workerOf = (sq: number): number | null => backlog.subqueue(sq)?.workerNum ?? null;
  for (;;) {
    const { news } = group;
    const chosen = group.hasActive ? backlog.choose(group, slotsOf(polls)) : [];
    const { open, directed } = separate(chosen, workerOf);
    const others = directed.filter(({ workerNum }) => !called.has(workerNum));
    if (others.length === 0) return { asked: open, directed };
    const here = desks.waitingIn([group]);
    const away = others.filter(({ workerNum }) => !here.has(workerNum));
    if (away.length === 0) {
      for (const want of others.flatMap(({ wants }) => wants)) backlog.giveBack(group, want);
      return { asked: open, directed: directed.filter((each) => !others.includes(each)) };
    }
    for (const want of chosen) backlog.giveBack(group, want);
    for (const want of away.flatMap(({ wants }) => wants)) backlog.hold(group, want, news);
  }
}

/** What was chosen, by whom it is for. */
function separate(
  asked: readonly Asked[],
  workerOf: (sq: number) => number | null,
): { readonly open: Asked[]; readonly directed: DirectedWants[] } {
  const open: Asked[] = [];
  const directed = new Map<number, Asked[]>();
  for (const want of asked) {
    const workerNum = workerOf(want.sq);
    if (workerNum === null) open.push(want);
    else directed.set(workerNum, [...(directed.get(workerNum) ?? []), want]);
  }
  const wantsOf = [...directed].map(([workerNum, wants]) => ({ workerNum, wants }));
  return { open, directed: wantsOf };
}

/** As much of the wants as the slots take, and what is left over. */
export function fit(
  wants: readonly Asked[],
  slots: number,
): { readonly taken: Asked[]; readonly rest: Asked[] } {
  const taken: Asked[] = [];
  const rest: Asked[] = [];
  let left = slots;
  for (const want of wants) {
    const count = Math.min(want.count, left);
    left -= count;
    if (count > 0) taken.push({ ...want, count });
    if (count < want.count) rest.push({ ...want, count: want.count - count });
  }
  return { taken, rest };
}

export function slotsOf(polls: readonly WaitingPoll[]): number {
  return polls.reduce((sum, { request }) => sum + request.slots, 0);
}

/** Answers those who were given something, and returns them. */
export function giveOut(
  polls: readonly WaitingPoll[],
  runsOf: readonly ClaimedRun[][],
): Set<WaitingPoll> {
  const answered = new Set<WaitingPoll>();
  for (const [at, poll] of polls.entries()) {
    poll.wasAsked = true;
    const given = runsOf[at] ?? [];
    if (given.length === 0) continue;
    answered.add(poll);
    poll.comeBack(given, true);
  }
  return answered;
}
