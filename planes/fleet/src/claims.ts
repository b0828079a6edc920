/**
 * Waiting polls, and the claim loops that serve them.
 *
 * Polls never query by themselves. A poll waits at a desk: one for each group of workers with equal
 * capabilities. A loop takes all who wait at a desk, asks for runs for all of them in one statement, and
 * hands them out; what arrives meanwhile is the next batch. A desk is served by one loop at a time, so a
 * repeated poll finds what its predecessor was given (F6), and at most `lanes` desks at once.
 *
 * A poll that got nothing goes on waiting in memory. It is looked at again when the backlog learns of a
 * run that its group may have: by a submission here, a wake from another replica, or the sweep.
 *
 * Workers without epochs have a desk each: such a worker must not get again what it has lost.
 */
import type { RunId, WorkerId } from '@sagewai/wire';

import type { Asked, Backlog, Group } from './backlog.ts';
import type { ClaimAnswer, ClaimRequest } from './queue.sql.ts';
import type { ClaimedRun } from './run.ts';
import type { Line } from './subqueue.ts';
import type { WorkerRecord } from './worker.ts';

export interface PollRequest {
  readonly worker: WorkerRecord;
  readonly sessionEpoch: bigint;
  readonly pollId: string | null;
  readonly slots: number;
  /** Without slots: at most one run, and its worker may report without an epoch. */
  readonly flat: boolean;
  readonly waitMs: number;
  /** Ends the wait: the caller left, or the process drains. */
  readonly signal: AbortSignal;
}

export interface ClaimsOptions {
  readonly backlog: Backlog;
  readonly claim: (request: ClaimRequest) => Promise<ClaimAnswer[]>;
  readonly lanes: number;
  readonly slotsPerClaimMax: number;
  /** Told of every claim that moved something; for counters. */
  readonly onClaimed: (line: Line, count: number) => void;
}

/** A poll whose time is up may be looked at so often in all, where there may be a run for it. */
const LOOKS_AFTER_TIME_MAX = 16;

class WaitingPoll {
  readonly request: PollRequest;
  readonly #resolve: (runs: ClaimedRun[]) => void;
  readonly #reject: (error: unknown) => void;
  readonly #timer: NodeJS.Timeout;
  readonly #leave = (): void => this.#expire();
  /** On its way with a claim: it is answered when that is back. */
  isAway = false;
  isOver = false;
  #looks = 0;
  #hasExpired = false;

  constructor(
    request: PollRequest,
    settle: { resolve: (runs: ClaimedRun[]) => void; reject: (error: unknown) => void },
  ) {
    this.request = request;
    this.#resolve = settle.resolve;
    this.#reject = settle.reject;
    this.#timer = setTimeout(() => this.#expire(), request.waitMs);
    request.signal.addEventListener('abort', this.#leave, { once: true });
  }

  /**
   * Back from a claim; with nothing, it goes on waiting unless its time is up. Where there may be more
   * (the line that was looked at was empty, another may not be), it is looked at again even so.
   */
  comeBack(runs: ClaimedRun[], mayBeMore: boolean): void {
    this.isAway = false;
    this.#looks += 1;
    const hasEnded = this.#hasExpired && (!mayBeMore || this.#looks >= LOOKS_AFTER_TIME_MAX);
    if (runs.length > 0 || hasEnded || this.request.signal.aborted) this.answer(runs);
  }

  answer(runs: ClaimedRun[]): void {
    if (this.isOver) return;
    this.#close();
    this.#resolve(runs);
  }

  /** Its session may be over: it is answered as soon as it is here, and its worker asks again. */
  dismiss(): void {
    this.#hasExpired = true;
    this.#looks = LOOKS_AFTER_TIME_MAX;
    if (!this.isAway) this.answer([]);
  }

  fail(error: unknown): void {
    if (this.isOver) return;
    this.#close();
    this.#reject(error);
  }

  /** However short its time, a poll is looked at once. */
  #expire(): void {
    this.#hasExpired = true;
    const mayEnd = this.#looks > 0 || this.request.signal.aborted;
    if (mayEnd && !this.isAway) this.answer([]);
  }

  #close(): void {
    this.isOver = true;
    clearTimeout(this.#timer);
    this.request.signal.removeEventListener('abort', this.#leave);
  }
}

class Desk {
  readonly group: Group;
  readonly flatFor: number | null;
  /** Have not been looked at: they may be repeated ones. */
  fresh: WaitingPoll[] = [];
  waiting: WaitingPoll[] = [];
  isServed = false;

  constructor(group: Group, flatFor: number | null) {
    this.group = group;
    this.flatFor = flatFor;
  }

  get hasWork(): boolean {
    return this.fresh.length > 0 || (this.waiting.length > 0 && this.group.hasActive);
  }
}

export class Claims {
  readonly #options: ClaimsOptions;
  readonly #desks = new Map<Group, Map<number | null, Desk>>();
  readonly #ready = new Set<Desk>();
  #busy = 0;
  #isWoken = false;

  constructor(options: ClaimsOptions) {
    this.#options = options;
  }

  poll(request: PollRequest): Promise<ClaimedRun[]> {
    const group = this.#options.backlog.group(request.worker.capabilities);
    const desk = this.#deskOf(group, request.flat ? request.worker.num : null);
    return new Promise((resolve, reject) => {
      dismissTwin(desk, request);
      desk.fresh.push(new WaitingPoll(request, { resolve, reject }));
      this.#wake([desk]);
    });
  }

  /** The backlog has learnt of a line that may concern these groups. */
  look(groups: Iterable<Group>): void {
    for (const group of groups) this.#wake(this.#desks.get(group)?.values() ?? []);
  }

  /**
   * What is recorded of a worker has changed. A poll of an older session is granted nothing, and while
   * it stood at its desk it would make the line look empty to those behind it.
   */
  dismiss(workerId: WorkerId): void {
    for (const desks of this.#desks.values()) {
      for (const { fresh, waiting } of desks.values()) {
        for (const poll of [...fresh, ...waiting]) {
          if (poll.request.worker.id === workerId) poll.dismiss();
        }
      }
    }
  }

  /** Whose polls wait here. */
  waitingWorkers(): Set<WorkerId> {
    const workers = new Set<WorkerId>();
    for (const desks of this.#desks.values()) {
      for (const { fresh, waiting } of desks.values()) {
        for (const { request } of [...fresh, ...waiting]) workers.add(request.worker.id);
      }
    }
    return workers;
  }

  /** Whether anybody waits: without, nobody needs a sweep. */
  get hasWaiting(): boolean {
    return this.#desks.size > 0;
  }

  #deskOf(group: Group, flatFor: number | null): Desk {
    const desks = this.#desks.get(group) ?? new Map<number | null, Desk>();
    this.#desks.set(group, desks);
    const desk = desks.get(flatFor) ?? new Desk(group, flatFor);
    desks.set(flatFor, desk);
    return desk;
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
    try {
      if (polls.length > 0) await this.#claimFor(desk, polls);
    } catch (error) {
      for (const poll of polls) poll.fail(error);
    }
    this.#busy -= 1;
    desk.isServed = false;
    desk.waiting.push(...polls.filter((poll) => !poll.isOver));
    this.#closeIfEmpty(desk);
    this.#wake([desk]);
  }

  async #claimFor(desk: Desk, polls: readonly WaitingPoll[]): Promise<void> {
    const { backlog, claim, onClaimed } = this.#options;
    const slots = polls.reduce((sum, { request }) => sum + request.slots, 0);
    const asked = desk.group.hasActive ? backlog.choose(desk.group, slots) : [];
    for (const poll of polls) poll.isAway = true;
    const answers = await claim({
      orgId: desk.group.capabilities.orgId,
      wants: asked,
      polls: polls.map(({ request }) => ({ ...request, workerNum: request.worker.num })),
      flatFor: desk.flatFor,
    });
    for (const want of asked) {
      const found = tally(answers, want);
      backlog.learnAnswer(desk.group, want, found);
      if (found.count > 0) onClaimed(want, found.count);
    }
    const runsOf = polls.map((): ClaimedRun[] => []);
    for (const answer of answers) runsOf[answer.poll]?.push(answer);
    for (const [at, poll] of polls.entries()) {
      poll.comeBack(runsOf[at] ?? [], desk.group.hasActive);
    }
  }

  #closeIfEmpty(desk: Desk): void {
    desk.waiting = desk.waiting.filter((poll) => !poll.isOver);
    if (desk.fresh.length > 0 || desk.waiting.length > 0) return;
    const desks = this.#desks.get(desk.group);
    desks?.delete(desk.flatFor);
    if (desks?.size === 0) this.#desks.delete(desk.group);
  }

  /** Forgets desks whose polls have all gone away by themselves. */
  tidy(): void {
    for (const desks of this.#desks.values()) {
      for (const desk of desks.values()) if (!desk.isServed) this.#closeIfEmpty(desk);
    }
  }
}

/** A worker that repeats a poll has given up the connection of the first. */
function dismissTwin(desk: Desk, { pollId, worker }: PollRequest): void {
  if (pollId === null) return;
  for (const poll of [...desk.fresh, ...desk.waiting]) {
    const { request } = poll;
    if (request.pollId === pollId && request.worker.num === worker.num) poll.answer([]);
  }
}

/** The next to be served: those who wait, if there may be a run; and the new ones, which may be repeats. */
function callForward(desk: Desk, slotsMax: number): WaitingPoll[] {
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

function tally(answers: readonly ClaimAnswer[], want: Asked): { count: number; seqMax: bigint } {
  let count = 0;
  let seqMax = 0n;
  for (const { sq, prio, seq } of answers) {
    if (seq === 0n || sq !== want.sq || prio !== want.prio) continue;
    count += 1;
    if (seq > seqMax) seqMax = seq;
  }
  return { count, seqMax };
}

/** What was claimed for somebody who has left, as leases to give back. */
export function leasesOf(runs: readonly ClaimedRun[]): { runId: RunId; epoch: bigint }[] {
  return runs.map(({ runId, epoch }) => ({ runId, epoch }));
}
