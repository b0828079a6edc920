import type { Held } from '../limits/limit.ts';
import { capabilityKey } from '../matching/match-class.ts';
import type { Line, Subqueue, Want } from '../matching/subqueue.ts';
import { NamedKeys } from '../secrecy/seal-keys.ts';
import type { Capabilities } from '../workers/worker.ts';
/**
 * What this replica believes about the queue: which lines may have something for which workers.
 *
 * Beliefs are hints. A line is believed to have runs from a submission, a wake or the sweep on, until a
 * claim without a floor has found it short; the sweep finds what a lost hint concealed. So a wrong belief
 * costs a look or a second, never a run.
 *
 * Workers with equal capabilities are one group. Matching a group to a subqueue is decided once, when
 * either is first seen (F4).
 */
import { ActiveLine } from './active-line.ts';
import type { BacklogOptions } from './backlog-options.ts';
import { FairShare } from './fair-share.ts';
import {
  acquaint,
  activate,
  countOf,
  Group,
  isFor,
  KnownSubqueue,
  linesInOrder,
  poolOf,
  withdraw,
} from './group.ts';
import { Parking, placeOf } from './parking.ts';
import type { Cut } from './queue.sql.ts';

/** A want, and the belief it was made from. */
export interface Asked extends Want {
  readonly version: number;
  /** Of one run, as expected. */
  readonly cost: number;
  readonly askedMs: number;
}

/** What a claim found of what was asked for. */
export interface Found {
  readonly count: number;
  /** The highest number among them, and when that run was submitted. */
  readonly seqMax: bigint;
  readonly submittedMs: number;
  /** What a limit left of the want. */
  readonly cut?: Cut | undefined;
}

/** Numbers are given in order but become visible in the order of commits: a floor trails by so many. */
const FLOOR_TRAIL = 1_000n;
const WANTS_MAX = 64;

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #known = new Map<number, KnownSubqueue>();
  /** Subqueues and groups meet only inside one pool of one organization. */
  readonly #subqueuesOf = new Map<string, Set<KnownSubqueue>>();
  /** By the places of limits. */
  readonly #under = new Map<string, Set<KnownSubqueue>>();
  readonly #groups = new Map<string, Group>();
  readonly #parking = new Parking();
  readonly #sealKeys = new NamedKeys();
  /** Told of keys that now tell workers apart which were one group. */
  onKeysNamed: (keys: ReadonlySet<string>) => void = () => undefined;

  constructor(options: BacklogOptions) {
    this.#options = options;
  }

  knows(sq: number): boolean {
    return this.#known.has(sq);
  }

  subqueue(sq: number): Subqueue | undefined {
    return this.#known.get(sq)?.subqueue;
  }

  learn(subqueue: Subqueue): void {
    if (this.#known.has(subqueue.sq)) return;
    const known = new KnownSubqueue(subqueue);
    this.#known.set(subqueue.sq, known);
    const place = poolOf(subqueue.orgId, subqueue.requirement.pool);
    const there = this.#subqueuesOf.get(place) ?? new Set();
    this.#subqueuesOf.set(place, there.add(known));
    for (const limited of known.places) {
      this.#under.set(limited, (this.#under.get(limited) ?? new Set()).add(known));
    }
    for (const group of this.#groups.values()) acquaint(group, known);
    const fresh = this.#sealKeys.learn(subqueue.requirement);
    if (fresh.size > 0) this.onKeysNamed(fresh);
  }

  /** The group of these capabilities. */
  group(of: Capabilities): Group {
    const capabilities = this.#sealKeys.relevant(of);
    const key = capabilityKey(capabilities);
    const group = this.#groups.get(key) ?? this.#form(key, capabilities);
    group.lastAskedMs = this.#options.monotonicMs();
    return group;
  }

  #form(key: string, capabilities: Capabilities): Group {
    const projects = new FairShare<string>({ weightOf: this.#options.weightOf });
    const group = new Group(key, capabilities, projects);
    this.#groups.set(key, group);
    for (const known of this.#subqueuesOf.get(poolOf(capabilities.orgId, capabilities.pool)) ??
      []) {
      acquaint(group, known);
      if (known.groups.has(group)) this.#activate(group, known);
    }
    return group;
  }

  /** Forgets groups of which no worker has asked for so long. */
  forgetGroups(idleMs: number): void {
    const before = this.#options.monotonicMs() - idleMs;
    for (const [key, group] of this.#groups) {
      if (group.lastAskedMs >= before) continue;
      this.#groups.delete(key);
      for (const known of this.#known.values()) known.groups.delete(group);
    }
  }

  /**
   * A line may have `count` runs more, and its head has waited for so long. Returns the groups that this
   * may concern.
   */
  note({ sq, prio }: Line, count: number, waitedMs: number | null = null): ReadonlySet<Group> {
    const known = this.#known.get(sq);
    if (known === undefined) return new Set();
    const now = this.#options.monotonicMs();
    // What was put off and is due has waited since then, not since its submission: only of a line that is
    // new here the sweep knows better.
    const line =
      known.lines.get(prio) ?? new ActiveLine(prio, now - (waitedMs ?? 0), known.emptied.get(prio));
    line.count += count;
    line.version += 1;
    known.lines.set(prio, line);
    for (const group of known.groups) this.#activate(group, known);
    return known.groups;
  }

  /** F5. What a claim for `slots` runs should ask for: projects take turns, then priority decides. */
  choose(group: Group, slots: number): Asked[] {
    const { costOf, agingMs, monotonicMs } = this.#options;
    const { pool } = group.capabilities;
    const now = monotonicMs();
    const asked: Asked[] = [];
    const quotas = group.projects.take(
      slots,
      (project) => countOf(group.active.get(project)),
      (project) => costOf(project, pool),
    );
    for (const [project, quota] of quotas) {
      const cost = costOf(project, pool);
      let left = quota;
      for (const [known, line] of linesInOrder(group, project, { nowMs: now, agingMs })) {
        if (left <= 0 || asked.length >= WANTS_MAX) break;
        const count = Math.min(left, Math.max(1, line.count));
        left -= count;
        asked.push({
          sq: known.subqueue.sq,
          prio: line.prio,
          count,
          floor: this.#floorOf(line),
          version: line.version,
          cost,
          askedMs: now,
        });
      }
      if (left > 0) group.projects.charge(project, -left * cost);
    }
    return asked;
  }

  learnAnswer(group: Group, asked: Asked, found: Found): void {
    const known = this.#known.get(asked.sq);
    const line = known?.lines.get(asked.prio);
    if (known === undefined || line === undefined) return;
    const { projectId } = known.subqueue;
    line.count = Math.max(0, line.count - found.count);
    if (found.count > 0) {
      group.give(projectId, found.count * asked.cost);
      const waitedMs = this.#options.nowMs() - found.submittedMs;
      line.sinceMs = Math.max(line.sinceMs, this.#options.monotonicMs() - waitedMs);
    }
    const unused = asked.count - found.count;
    if (unused > 0) group.projects.charge(projectId, -unused * asked.cost);
    if (found.cut !== undefined) this.#park(known, found.cut, asked.askedMs);
    if (found.count < (found.cut?.admitted ?? asked.count)) {
      if (asked.floor > 0n) line.fullLookMs = Number.NEGATIVE_INFINITY;
      else if (line.version === asked.version) this.#close(known, line);
      return;
    }
    if (found.count > 0 && found.seqMax > FLOOR_TRAIL) line.floor = found.seqMax - FLOOR_TRAIL;
    // Everything that was ever heard of has been taken.
    if (line.count === 0 && found.cut === undefined) this.#close(known, line);
  }

  /** So many runs were seen in the line. */
  believe({ sq, prio }: Line, count: number): void {
    const line = this.#known.get(sq)?.lines.get(prio);
    if (line !== undefined) line.count = count;
  }

  /** What was chosen and is not asked for. */
  giveBack(group: Group, { sq, count, cost }: Asked): void {
    const known = this.#known.get(sq);
    if (known !== undefined) group.projects.charge(known.subqueue.projectId, -count * cost);
  }

  /** The group has no share in this subqueue, until there is news of it. */
  hold(group: Group, { sq, prio, version }: Asked, news: number): void {
    const known = this.#known.get(sq);
    if (known === undefined || !known.groups.has(group)) return;
    // What was heard meanwhile would be lost: it is worked out again.
    if (group.news !== news || known.lines.get(prio)?.version !== version) return;
    group.held.add(known);
    withdraw(group, known);
  }

  /** Somebody of the group has come; what is for others alone stays held. */
  unhold(group: Group, num: number): void {
    group.news += 1;
    for (const known of group.held) if (isFor(known, num)) this.#activate(group, known);
  }

  /** There is news of the subqueue. Returns the groups that this may concern. */
  release(sq: number): ReadonlySet<Group> {
    const known = this.#known.get(sq);
    if (known === undefined || known.lines.size === 0) return new Set();
    for (const group of known.groups) this.#activate(group, known);
    return known.groups;
  }

  /** The groups that may be given runs of the subqueue. */
  groupsOf(sq: number): ReadonlySet<Group> {
    return this.#known.get(sq)?.groups ?? new Set();
  }

  /** What holds back the runs of a subqueue, as far as this replica knows. */
  heldBy(sq: number): Held | null {
    const known = this.#known.get(sq);
    return known === undefined ? null : this.#parking.heldBy(known.places);
  }

  /** When to call `unpark`, at the latest; null: nothing is held back. */
  get unparkAtMs(): number | null {
    return this.#parking.nextMs;
  }

  /** Limits whose time is up, or all: whose runs may be asked for again. */
  unpark(which: 'due' | 'all'): Set<Group> {
    const now = this.#options.monotonicMs();
    return this.#reopen(which === 'due' ? this.#parking.due(now) : this.#parking.all());
  }

  /** A run of the subqueue has ended somewhere. */
  freed(sq: number): Set<Group> {
    const known = this.#known.get(sq);
    return known === undefined
      ? new Set()
      : this.#reopen(this.#parking.freed(known.subqueue, this.#options.monotonicMs()));
  }

  /** F5. What groups were given here since the last call, by group and project. */
  takeGiven(): { group: string; project: string; cost: number }[] {
    return [...this.#groups.values()].flatMap((group) => group.takeGiven());
  }

  /** F5. What workers of equal capabilities were given by another replica. */
  hearGiven({ group, project, cost }: { group: string; project: string; cost: number }): void {
    for (const each of this.#groups.values()) {
      if (each.name === group) each.projects.charge(project, cost);
    }
  }

  #park({ subqueue }: KnownSubqueue, { limit, held, heldMs }: Cut, lookedMs: number): void {
    if (held === null) return;
    const place = placeOf(limit, subqueue);
    const untilMs = this.#options.monotonicMs() + (heldMs ?? this.#options.heldLookEveryMs);
    if (!this.#parking.park(place, { held, untilMs, lookedMs })) return;
    for (const known of this.#under.get(place) ?? []) this.#withdraw(known);
  }

  #reopen(places: readonly string[]): Set<Group> {
    const groups = new Set<Group>();
    for (const place of places) {
      for (const known of this.#under.get(place) ?? []) {
        for (const group of known.groups) if (this.#activate(group, known)) groups.add(group);
      }
    }
    return groups;
  }

  #floorOf(line: ActiveLine): bigint {
    const now = this.#options.monotonicMs();
    if (now - line.fullLookMs < this.#options.fullLookEveryMs) return line.floor;
    line.fullLookMs = now;
    return 0n;
  }

  /** Only of a group that is acquainted with the subqueue (F3); not while a limit holds it back (F5). */
  #activate(group: Group, known: KnownSubqueue): boolean {
    group.held.delete(known);
    if (known.lines.size === 0 || this.#parking.heldBy(known.places) !== null) return false;
    activate(group, known);
    return true;
  }

  #close(known: KnownSubqueue, line: ActiveLine): void {
    known.lines.delete(line.prio);
    known.emptied.set(line.prio, line);
    if (known.lines.size === 0) this.#withdraw(known);
  }

  #withdraw(known: KnownSubqueue): void {
    for (const group of known.groups) {
      group.held.delete(known);
      withdraw(group, known);
    }
  }
}
