/**
 * Weighted deficit round robin (F5): in every round each member that wants something earns its weight,
 * and takes one for each whole unit it has earned. A member that wants nothing leaves and keeps nothing,
 * so waiting is never saved up; one that returns starts at the end of the round.
 *
 * For two members that both want something all the time, what each got, divided by its weight, differs
 * by at most 1/w + 1/w' + 1, however the slots arrive.
 */
export interface Share<Member> {
  readonly member: Member;
  readonly weight: number;
}

interface Seat<Member> extends Share<Member> {
  earned: number;
}

/** Below it a member would wait for thousands of rounds of others. */
const WEIGHT_MIN = 0.01;

export class FairShare<Member> {
  readonly #seats: Seat<Member>[] = [];
  readonly #seatOf = new Map<Member, Seat<Member>>();
  #next = 0;

  /** Does nothing for a member that is there. */
  join({ member, weight }: Share<Member>): void {
    if (this.#seatOf.has(member)) return;
    const seat = { member, weight: Math.max(WEIGHT_MIN, weight), earned: 0 };
    this.#seatOf.set(member, seat);
    // Last in the order of service, which starts at `next`.
    this.#seats.splice(this.#next, 0, seat);
    this.#next = (this.#next + 1) % this.#seats.length;
  }

  leave(member: Member): void {
    const seat = this.#seatOf.get(member);
    if (seat === undefined) return;
    this.#seatOf.delete(member);
    const at = this.#seats.indexOf(seat);
    this.#seats.splice(at, 1);
    if (at < this.#next) this.#next -= 1;
    if (this.#next >= this.#seats.length) this.#next = 0;
  }

  /**
   * Divides `slots` among the members. `wanted` is how many a member could use at most; those with 0
   * are passed over in this call.
   */
  take(slots: number, wanted: (member: Member) => number): Map<Member, number> {
    const taken = new Map<Member, number>();
    let left = slots;
    let idle = 0;
    while (left > 0 && idle < this.#seats.length) {
      const seat = this.#seats[this.#next];
      if (seat === undefined) break;
      const had = taken.get(seat.member) ?? 0;
      const room = wanted(seat.member) - had;
      if (room <= 0) {
        seat.earned = 0;
        idle += 1;
        this.#advance();
        continue;
      }
      idle = 0;
      if (seat.earned < 1) seat.earned += seat.weight;
      const got = Math.min(Math.floor(seat.earned), room, left);
      seat.earned -= got;
      left -= got;
      if (got > 0) taken.set(seat.member, had + got);
      // A turn that the slots ran out on goes on with the next ones.
      if (left > 0 || seat.earned < 1) this.#advance();
    }
    return taken;
  }

  /** What was taken for a member and could not be used: it has it to its credit. */
  giveBack(member: Member, count: number): void {
    const seat = this.#seatOf.get(member);
    if (seat !== undefined) seat.earned += count;
  }

  #advance(): void {
    this.#next = this.#seats.length === 0 ? 0 : (this.#next + 1) % this.#seats.length;
  }
}
