import type { Group } from './group.ts';
import type { PollRequest, WaitingPoll } from './waiting-poll.ts';

/** Where the polls of one group wait, to be served together. */
export class Desk {
  readonly group: Group;
  readonly flatFor: number | null;
  /** Nobody has looked yet whether they are repeated ones. */
  fresh: WaitingPoll[] = [];
  waiting: WaitingPoll[] = [];
  /** Are being served. */
  called: readonly WaitingPoll[] = [];
  isServed = false;

  constructor(group: Group, flatFor: number | null) {
    this.group = group;
    this.flatFor = flatFor;
  }

  get hasWork(): boolean {
    if (this.fresh.some((poll) => poll.wasGiven)) return true;
    return this.fresh.length + this.waiting.length > 0 && this.group.hasActive;
  }

  /** There is nothing that those who wait could have: it was looked for them, and their time may be up. */
  passOver(): void {
    if (this.group.hasActive) return;
    for (const poll of this.waiting)
      if (!poll.wasLookedAt && !poll.isOver) poll.comeBack([], false);
  }
}

/** A worker that repeats a poll has given up the connection of the first. */
export function dismissTwin(desk: Desk, { pollId, worker }: PollRequest): void {
  if (pollId === null) return;
  for (const poll of [...desk.fresh, ...desk.waiting]) {
    const { request } = poll;
    if (request.pollId === pollId && request.worker.num === worker.num) poll.answer([]);
  }
}

/** The next to be served: all, if there may be a run; else those who repeat a poll that was given something. */
export function callForward(desk: Desk, slotsMax: number): WaitingPoll[] {
  const lines = desk.group.hasActive
    ? [...desk.waiting, ...desk.fresh]
    : desk.fresh.filter((poll) => poll.wasGiven);
  const called: WaitingPoll[] = [];
  let slots = 0;
  for (const poll of lines) {
    if (poll.isOver) continue;
    if (called.length > 0 && slots + poll.request.slots > slotsMax) break;
    called.push(poll);
    slots += poll.request.slots;
  }
  const taken = new Set(called);
  const isLeft = (poll: WaitingPoll): boolean => !poll.isOver && !taken.has(poll);
  desk.fresh = desk.fresh.filter(isLeft);
  desk.waiting = desk.waiting.filter(isLeft);
  return called;
}
