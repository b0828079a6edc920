import type { Group } from './group.ts';
import type { PollRequest, WaitingPoll } from './waiting-poll.ts';

/** Where the polls of one group wait, to be served together. */
export class Desk {
  readonly group: Group;
  readonly flatFor: number | null;
  /** Have not been looked at: they may be repeated ones. */
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
    return this.fresh.length > 0 || (this.waiting.length > 0 && this.group.hasActive);
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

/** The next to be served: those who wait, if there may be a run; and the new ones, which may be repeats. */
export function callForward(desk: Desk, slotsMax: number): WaitingPoll[] {
  const lines = desk.group.hasActive ? [...desk.waiting, ...desk.fresh] : desk.fresh;
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
