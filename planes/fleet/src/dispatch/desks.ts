import { Desk } from './desk.ts';
import type { Group } from './group.ts';
import type { Waiting } from './placements.ts';
import type { WaitingPoll } from './waiting-poll.ts';

/** All desks of a replica: one for each group that somebody of waits, and one for each flat worker. */
export class Desks {
  readonly #desks = new Map<Group, Map<number | null, Desk>>();

  /** Whether anybody waits. */
  get size(): number {
    return this.#desks.size;
  }

  of(group: Group, flatFor: number | null): Desk {
    const desks = this.#desks.get(group) ?? new Map<number | null, Desk>();
    this.#desks.set(group, desks);
    const desk = desks.get(flatFor) ?? new Desk(group, flatFor);
    desks.set(flatFor, desk);
    return desk;
  }

  in(group: Group): Iterable<Desk> {
    return this.#desks.get(group)?.values() ?? [];
  }

  *all(): Generator<Desk> {
    for (const desks of this.#desks.values()) yield* desks.values();
  }

  /** Of those who wait, and are not being served. */
  *polls(): Generator<WaitingPoll> {
    for (const { fresh, waiting } of this.all()) yield* [...fresh, ...waiting];
  }

  /** F6. The poll repeats none: it waits with the others. False: it has been called meanwhile. */
  settle(desk: Desk, poll: WaitingPoll): boolean {
    const at = desk.fresh.indexOf(poll);
    if (at === -1) return false;
    desk.fresh.splice(at, 1);
    poll.wasAsked = true;
    desk.waiting.push(poll);
    desk.passOver();
    this.closeIfEmpty(desk);
    return true;
  }

  closeIfEmpty(desk: Desk): void {
    desk.waiting = desk.waiting.filter((poll) => !poll.isOver);
    if (desk.fresh.length > 0 || desk.waiting.length > 0) return;
    const desks = this.#desks.get(desk.group);
    if (desks?.get(desk.flatFor) === desk) desks.delete(desk.flatFor);
    if (desks?.size === 0) this.#desks.delete(desk.group);
  }

  countWaiting(): number {
    let polls = 0;
    for (const desk of this.all()) polls += pollsAt(desk).length;
    return polls;
  }

  isAnyoneIn(group: Group): boolean {
    for (const { called, waiting, fresh } of this.in(group)) {
      for (const polls of [called, waiting, fresh])
        if (polls.some((poll) => !poll.isOver)) return true;
    }
    return false;
  }

  /** By worker, who of these groups waits here. */
  waitingIn(groups: Iterable<Group>): Map<number, Waiting> {
    const waiting = new Map<number, Waiting>();
    for (const group of groups) {
      for (const desk of this.in(group)) {
        for (const { request, number } of pollsAt(desk)) {
          const known = waiting.get(request.worker.num) ?? { slots: 0, place: number };
          const place = Math.min(known.place, number);
          waiting.set(request.worker.num, { slots: known.slots + request.slots, place });
        }
      }
    }
    return waiting;
  }
}

function pollsAt({ called, waiting, fresh }: Desk): WaitingPoll[] {
  return [...called, ...waiting, ...fresh].filter((poll) => !poll.isOver);
}
