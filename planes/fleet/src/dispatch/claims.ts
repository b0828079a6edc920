/**
 * Waiting polls, and the claim loops that serve them.
 *
 * Polls never query by themselves. A poll waits at a desk: one for each group of workers with equal
 * capabilities. A loop takes all who wait at a desk, asks for runs for all of them in one statement, and
 * hands them out; what arrives meanwhile is the next batch. A desk is served by one loop at a time, so a
 * repeated poll finds what its predecessor was given (F6), and at most `lanes` desks at once.
 *
 * A poll that got nothing goes on waiting in memory. It is looked at again when the backlog learns of a
 * run that its group may have: by a submission here, a wake from another replica, or the sweep. Whether a
 * poll that finds nothing to claim repeats one that was given runs is asked for all such polls together, now
 * and then (`repeats.ts`).
 *
 * Workers without epochs have a desk each: such a worker must not get again what it has lost.
 *
 * A line whose class weighs its workers is claimed by itself, for those alone who have a share in it
 * (`placements.ts`). A poll that is given runs so is answered: what a claim finds for the same poll again
 * is what it was given before (F6).
 */
import type { WorkerId } from '@sagewai/wire';

import { chooseFor, type DirectedWants, fit, giveOut, slotsOf } from '../matching/directed.ts';
import type { Line } from '../matching/subqueue.ts';
import type { ClaimedRun } from '../runs/run.ts';
import { sealKeyOf } from '../secrecy/seal-keys.ts';
import type { WorkerRecord } from '../workers/worker.ts';
import type { Asked, Backlog } from './backlog.ts';
import { callForward, type Desk, dismissTwin } from './desk.ts';
import { Desks } from './desks.ts';
import type { Group } from './group.ts';
import type { Placements, Waiting } from './placements.ts';
import type { Claimed, ClaimRequest, PollDemand } from './queue.sql.ts';
import type { Repeats } from './repeats.ts';
import { NOTHING_FOUND, shareOut, tally, toDemand } from './share-out.ts';
import { type How, isPlain } from './strategy.ts';
import { type PollRequest, WaitingPoll } from './waiting-poll.ts';

export interface ClaimsOptions {
  readonly backlog: Backlog;
  readonly placements: Placements;
  readonly claim: (request: ClaimRequest) => Promise<Claimed>;
  readonly repeats: Repeats;
  /** By worker, the last lease that it was given by a strategy. */
  readonly rememberTurns: (turns: ReadonlyMap<number, bigint>) => Promise<void>;
  readonly lanes: number;
  readonly slotsPerClaimMax: number;
  /** Told of every claim that moved something; for counters. */
  readonly onClaimed: (line: Line, count: number) => void;
  /** A limit holds runs back: they are looked at again when it has room. */
  readonly onHeld: () => void;
}

interface Weighed {
  readonly want: Asked;
  readonly how: How;
}

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #desks = new Desks();
  readonly #ready = new Set<Desk>();
  #busy = 0;
  #isWoken = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
    options.backlog.onKeysNamed = (keys) => this.#dismissHolders(keys);
  }

  poll(request: PollRequest): Promise<ClaimedRun[]> {
    const { backlog } = this.#options;
    const group = backlog.group(request.worker.capabilities);
    // Whoever comes may be the one that a held run is for.
    backlog.unhold(group, request.worker.num);
    const desk = this.#desks.of(group, request.flat ? request.worker.num : null);
    return new Promise((resolve, reject) => {
      dismissTwin(desk, request);
      const poll = new WaitingPoll(request, { resolve, reject });
      desk.fresh.push(poll);
      this.#wake([desk]);
      void this.#lookForRepeat(desk, poll);
    });
  }

  /** F6. Unless a claim has looked before. */
  async #lookForRepeat(desk: Desk, poll: WaitingPoll): Promise<void> {
    try {
      poll.wasGiven = await this.#options.repeats.look(poll);
    } catch (error) {
      if (desk.fresh.includes(poll)) poll.fail(error);
    }
    // Else a claim has taken it along, or it goes on waiting.
    if (poll.wasGiven || this.#desks.settle(desk, poll)) this.#wake([desk]);
  }

  /** The backlog has learnt of a line that may concern these groups. */
  look(groups: Iterable<Group>): void {
    for (const group of groups) this.#wake(this.#desks.in(group));
  }

  /**
   * What is recorded of a worker has changed. A poll of an older session is granted nothing, and while
   * it stood at its desk it would make the line look empty to those behind it.
   */
  dismiss(workerId: WorkerId): void {
    for (const poll of this.#desks.polls()) {
      if (poll.request.worker.id === workerId) poll.dismiss();
    }
  }

  /** They stand at the desk of a group that they are not of any more: they ask again. */
  #dismissHolders(keys: ReadonlySet<string>): void {
    for (const { fresh, waiting, called } of this.#desks.all()) {
      for (const poll of [...fresh, ...waiting, ...called]) {
        const key = sealKeyOf(poll.request.worker.capabilities.labels);
        if (key !== null && keys.has(key)) poll.dismiss();
      }
    }
  }

  /** Whose polls wait here. */
  waitingWorkers(): Set<WorkerId> {
    return new Set([...this.#desks.polls()].map(({ request }) => request.worker.id));
  }

  /** Whether somebody who may have its runs waits here, or has asked since then. */
  isAskedFor(sq: number, sinceMs: number): boolean {
    const { backlog } = this.#options;
    for (const group of backlog.groupsOf(sq)) {
      if (group.lastAskedMs > sinceMs || this.#desks.isAnyoneIn(group)) return true;
    }
    return false;
  }

  /** Of those whose polls wait here, each once. */
  waitingRecords(): WorkerRecord[] {
    const polls = [...this.#desks.polls()];
    return [...new Map(polls.map(({ request: { worker } }) => [worker.id, worker])).values()];
  }

  /** Whether anybody waits: without, nobody needs a sweep. */
  get hasWaiting(): boolean {
    return this.#desks.size > 0;
  }

  /** How many polls wait. */
  get waiting(): number {
    return this.#desks.countWaiting();
  }

  #wake(desks: Iterable<Desk>): void {
    for (const desk of desks) if (!desk.isServed && desk.hasWork) this.#ready.add(desk);
    if (this.#isWoken || this.#ready.size === 0) return;
    this.#isWoken = true;
    // At the end of this turn of the event loop: polls that arrive together are served together.
    setImmediate(() => {
      this.#isWoken = false;
      for (const desk of this.#ready) {
        if (this.#busy >= this.#options.lanes) return;
        this.#ready.delete(desk);
        void this.#serve(desk);
      }
    });
  }

  async #serve(desk: Desk): Promise<void> {
    desk.isServed = true;
    this.#busy += 1;
    const polls = callForward(desk, this.#options.slotsPerClaimMax);
    desk.called = polls;
    try {
      if (polls.length > 0) await this.#claimFor(desk, polls);
    } catch (error) {
      for (const poll of polls) poll.fail(error);
    }
    this.#busy -= 1;
    desk.isServed = false;
    desk.called = [];
    desk.waiting.push(...polls.filter((poll) => !poll.isOver));
    desk.passOver();
    this.#desks.closeIfEmpty(desk);
    this.#wake([desk]);
  }

  async #claimFor(desk: Desk, polls: readonly WaitingPoll[]): Promise<void> {
    const places = { backlog: this.#options.backlog, desks: this.#desks };
    const { asked, directed } = chooseFor(places, desk.group, polls);
    for (const poll of polls) poll.isAway = true;
    let left = polls;
    for (const each of directed) left = await this.#claimDirected(desk, each, left);
    const plain: Asked[] = [];
    const weighed: Weighed[] = [];
    for (const want of asked) {
      const how = this.#howOf(want);
      const known = how instanceof Promise ? await how : how;
      if (known === null || isPlain(known)) plain.push(want);
      else weighed.push({ want, how: known });
    }
    for (const each of weighed) left = await this.#claimWeighed(desk, each, left);
    const mayLook = plain.length > 0 || left.some((poll) => !poll.wasAsked);
    if (left.length > 0 && mayLook) await this.#claimPlain(desk, plain, left);
    else for (const poll of left) poll.comeBack([], desk.group.hasActive);
  }

  /** Claims what is for one worker alone; returns the polls that got nothing. */
  async #claimDirected(
    desk: Desk,
    { workerNum, wants }: DirectedWants,
    polls: readonly WaitingPoll[],
  ): Promise<readonly WaitingPoll[]> {
    const own = polls.filter(({ request }) => request.worker.num === workerNum);
    const { taken, rest } = fit(wants, slotsOf(own));
    for (const want of rest) this.#options.backlog.giveBack(desk.group, want);
    if (taken.length === 0) return polls;
    const runsOf = await this.#claim(desk, taken, own.map(toDemand));
    const answered = giveOut(own, runsOf);
    return polls.filter((poll) => !answered.has(poll));
  }

  #howOf({ sq }: Line): How | Promise<How> | null {
    const { backlog, placements } = this.#options;
    const subqueue = backlog.subqueue(sq);
    return subqueue === undefined ? null : placements.howOf(subqueue);
  }

  async #claimPlain(
    desk: Desk,
    wants: readonly Asked[],
    polls: readonly WaitingPoll[],
  ): Promise<void> {
    const { backlog } = this.#options;
    // Some who were counted on may have got theirs meanwhile.
    const { taken, rest } = fit(wants, slotsOf(polls));
    for (const want of rest) backlog.giveBack(desk.group, want);
    const runsOf = await this.#claim(desk, taken, polls.map(toDemand));
    for (const [at, poll] of polls.entries()) {
      poll.wasAsked = true;
      poll.comeBack(runsOf[at] ?? [], desk.group.hasActive);
    }
  }

  /** Claims for those who have a share in the line; returns the polls that got nothing. */
  async #claimWeighed(
    desk: Desk,
    { want, how }: Weighed,
    polls: readonly WaitingPoll[],
  ): Promise<readonly WaitingPoll[]> {
    const { backlog, placements, rememberTurns } = this.#options;
    const subqueue = backlog.subqueue(want.sq);
    if (subqueue === undefined) return polls;
    const line = { subqueue, prio: want.prio };
    const { news } = desk.group;
    const { runs, counts } = await placements.divide(line, how, this.#waitingFor(want.sq));
    if (runs === 0) {
      backlog.learnAnswer(desk.group, { ...want, floor: 0n }, NOTHING_FOUND);
      return polls;
    }
    const served = shareOut(polls, counts, want.count);
    const count = served.reduce((sum, { slots }) => sum + slots, 0);
    backlog.giveBack(desk.group, { ...want, count: want.count - count });
    if (count === 0) {
      backlog.hold(desk.group, want, news);
      return polls;
    }
    backlog.believe(want, runs);
    const demands = served.map(({ poll, slots }) => ({ ...toDemand(poll), slots }));
    const runsOf = await this.#claim(desk, [{ ...want, count }], demands);
    const turns = new Map<number, bigint>();
    for (const [at, { poll }] of served.entries()) {
      poll.wasAsked = true;
      const given = runsOf[at] ?? [];
      const epoch = given.reduce((max, run) => (run.epoch > max ? run.epoch : max), 0n);
      if (given.length === 0) continue;
      const { num, capabilities } = poll.request.worker;
      placements.given(capabilities, num, { count: given.length, epoch });
      turns.set(num, epoch);
    }
    if (turns.size > 0) await rememberTurns(turns);
    const answered = new Set<WaitingPoll>();
    for (const [at, { poll }] of served.entries()) {
      const given = runsOf[at] ?? [];
      if (given.length === 0) continue;
      answered.add(poll);
      poll.comeBack(given, true);
    }
    return polls.filter((poll) => !answered.has(poll));
  }

  /** By the place of the poll, what it got. */
  async #claim(
    desk: Desk,
    wants: readonly Asked[],
    polls: readonly PollDemand[],
  ): Promise<ClaimedRun[][]> {
    const { backlog, claim, onClaimed, onHeld } = this.#options;
    const { orgId } = desk.group.capabilities;
    const { runs: answers, cuts } = await claim({ orgId, wants, polls, flatFor: desk.flatFor });
    for (const want of wants) {
      const found = tally({ answers, cuts }, want);
      backlog.learnAnswer(desk.group, want, found);
      if (found.count > 0) onClaimed(want, found.count);
    }
    if (cuts.length > 0) onHeld();
    const runsOf = polls.map((): ClaimedRun[] => []);
    for (const answer of answers) runsOf[answer.poll]?.push(answer);
    return runsOf;
  }

  #waitingFor(sq: number): Map<number, Waiting> {
    return this.#desks.waitingIn(this.#options.backlog.groupsOf(sq));
  }

  /** Forgets desks whose polls have all gone away by themselves. */
  tidy(): void {
    for (const desk of this.#desks.all()) if (!desk.isServed) this.#desks.closeIfEmpty(desk);
  }
}
