/**
 * Weighted fair shares of what runs cost (F5). Each member has a clock of its own that moves by the cost of
 * what it was given, divided by its weight; the next slot goes to the member whose clock is the furthest
 * behind. It is deficit round robin with turns as short as they can be: a member with runs of an hour waits
 * longer for its next one than a member with runs of a second.
 *
 * A member that wants nothing saves nothing up: its clock is set to the common time when it wants again. One
 * that left with more than its share finds its clock where it was.
 *
 * For two members that both want something all the time, what each was given, in cost divided by weight,
 * differs by at most the sum of their dearest runs, divided by their weights, however the slots arrive.
 */
export interface FairShareOptions<Member> {
  readonly weightOf: (member: Member) => number;
}

class Seat<Member> {
  readonly member: Member;
  clock: number;
  /** Of its entry in the heap; older ones are void. */
  turn = 0;
  isIdle = false;

  constructor(member: Member, clock: number) {
    this.member = member;
    this.clock = clock;
  }
}

interface Entry<Member> {
  readonly seat: Seat<Member>;
  readonly clock: number;
  readonly turn: number;
}

/** Below it a member would wait for thousands of turns of others. */
const WEIGHT_MIN = 0.01;
/** So many of those that left are remembered before the list is looked through. */
const LEFT_MAX = 1_000;

export class FairShare<Member> {
  readonly #weightOf: (member: Member) => number;
  readonly #seatOf = new Map<Member, Seat<Member>>();
  /** The clocks of members that left ahead of the common time. */
  readonly #left = new Map<Member, number>();
  readonly #heap: Entry<Member>[] = [];
  #time = 0;
  #turns = 0;

  constructor({ weightOf }: FairShareOptions<Member>) {
    this.#weightOf = weightOf;
  }

  /** Does nothing for a member that is there. */
  join(member: Member): void {
    if (this.#seatOf.has(member)) return;
    const seat = new Seat(member, Math.max(this.#time, this.#left.get(member) ?? 0));
    this.#left.delete(member);
    this.#seatOf.set(member, seat);
    this.#enter(seat);
  }

  leave(member: Member): void {
    const seat = this.#seatOf.get(member);
    if (seat === undefined) return;
    this.#seatOf.delete(member);
    seat.turn = -1;
    if (seat.clock > this.#time) this.#left.set(member, seat.clock);
    if (this.#left.size <= LEFT_MAX) return;
    for (const [each, clock] of this.#left) if (clock <= this.#time) this.#left.delete(each);
  }

  /**
   * Divides `slots` among the members. `wanted` is how many a member could use at most, `costOf` what one
   * of its runs is expected to cost.
   */
  take(
    slots: number,
    wanted: (member: Member) => number,
    costOf: (member: Member) => number,
  ): Map<Member, number> {
    const taken = new Map<Member, number>();
    const aside: Seat<Member>[] = [];
    for (let left = slots; left > 0;) {
      const seat = this.#next();
      if (seat === undefined) break;
      const { member } = seat;
      const had = taken.get(member) ?? 0;
      if (wanted(member) <= had) {
        seat.isIdle = true;
        aside.push(seat);
        continue;
      }
      if (seat.isIdle) {
        seat.isIdle = false;
        if (seat.clock < this.#time) {
          seat.clock = this.#time;
          this.#enter(seat);
          continue;
        }
      }
      this.#time = Math.max(this.#time, seat.clock);
      taken.set(member, had + 1);
      left -= 1;
      seat.clock += this.#perWeight(member, costOf(member));
      this.#enter(seat);
    }
    for (const seat of aside) this.#enter(seat);
    return taken;
  }

  /** A member was given so much elsewhere; less than nothing: what it was given here was not used. */
  charge(member: Member, cost: number): void {
    const seat = this.#seatOf.get(member);
    const moved = this.#perWeight(member, cost);
    if (seat === undefined) {
      const clock = Math.max(this.#time, this.#left.get(member) ?? 0) + moved;
      if (clock > this.#time) this.#left.set(member, clock);
      return;
    }
    seat.clock += moved;
    this.#enter(seat);
  }

  #perWeight(member: Member, cost: number): number {
    return cost / Math.max(WEIGHT_MIN, this.#weightOf(member));
  }

  #enter(seat: Seat<Member>): void {
    this.#turns += 1;
    seat.turn = this.#turns;
    push(this.#heap, { seat, clock: seat.clock, turn: seat.turn });
  }

  #next(): Seat<Member> | undefined {
    for (;;) {
      const entry = pop(this.#heap);
      if (entry === undefined) return undefined;
      if (entry.turn === entry.seat.turn) return entry.seat;
    }
  }
}

/** Who is behind goes first; of two that are equal, who has waited longer. */
function isBefore<Member>(one: Entry<Member>, other: Entry<Member>): boolean {
  return one.clock < other.clock || (one.clock === other.clock && one.turn < other.turn);
}

function push<Member>(heap: Entry<Member>[], entry: Entry<Member>): void {
  let at = heap.length;
  heap.push(entry);
  while (at > 0) {
    const above = (at - 1) >> 1;
    const parent = heap[above];
    if (parent === undefined || !isBefore(entry, parent)) break;
    heap[at] = parent;
    at = above;
  }
  heap[at] = entry;
}

function pop<Member>(heap: Entry<Member>[]): Entry<Member> | undefined {
  const [first] = heap;
  const last = heap.pop();
  if (first === undefined || last === undefined || heap.length === 0) return first;
  let at = 0;
  for (;;) {
    let below = 2 * at + 1;
    let child = heap[below];
    const right = heap[below + 1];
    if (child !== undefined && right !== undefined && isBefore(right, child)) {
      below += 1;
      child = right;
    }
    if (child === undefined || !isBefore(child, last)) break;
    heap[at] = child;
    at = below;
  }
  heap[at] = last;
  return first;
}
