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
import { FairShare } from './fair-share.ts';
import { capabilityKey, serves } from './match-class.ts';
import { scoreOf } from './selector.ts';
import type { Line, Subqueue, Want } from './subqueue.ts';
import type { Capabilities } from './worker.ts';

/** A line that may have runs. */
class ActiveLine {
  readonly prio: number;
  /** How many it may have at most, as far as is known. */
  count = 0;
  floor = 0n;
  /** When it was last looked at without a floor. */
  fullLookMs = Number.NEGATIVE_INFINITY;
  /** Grows with every hint: an answer older than the last hint proves nothing. */
  version = 0;

  constructor(prio: number) {
    this.prio = prio;
  }
}

class KnownSubqueue {
  readonly subqueue: Subqueue;
  /** By priority. */
  readonly lines = new Map<number, ActiveLine>();
  readonly groups = new Set<Group>();

  constructor(subqueue: Subqueue) {
    this.subqueue = subqueue;
  }
}

/** Workers with equal capabilities. */
export class Group {
  readonly capabilities: Capabilities;
  readonly projects = new FairShare<string>();
  /** Its subqueues with active lines, by project. */
  readonly active = new Map<string, Set<KnownSubqueue>>();
  /** What stands ready, but is for other workers before it is for these. */
  readonly held = new Set<KnownSubqueue>();
  /** Grows with every poll: a share that was worked out before the last one may be wrong. */
  news = 0;
  lastAskedMs = 0;

  constructor(capabilities: Capabilities) {
    this.capabilities = capabilities;
  }

  get hasActive(): boolean {
    return this.active.size > 0;
  }
}

/** A want, and the belief it was made from. */
export interface Asked extends Want {
  readonly version: number;
}

export interface BacklogOptions {
  /** F5. What share of the workers a project has, beside the others' 1. */
  readonly weightOf: (projectId: string) => number;
  readonly fullLookEveryMs: number;
  readonly monotonicMs: () => number;
}

/** Numbers are given in order but become visible in the order of commits: a floor trails by so many. */
const FLOOR_TRAIL = 1_000n;
const WANTS_MAX = 64;

export class Backlog {
  readonly #options: BacklogOptions;
  readonly #known = new Map<number, KnownSubqueue>();
  /** Subqueues and groups meet only inside one pool of one organization. */
  readonly #subqueuesOf = new Map<string, Set<KnownSubqueue>>();
  readonly #groups = new Map<string, Group>();

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
    const place = placeOf(subqueue.orgId, subqueue.requirement.pool);
    const there = this.#subqueuesOf.get(place) ?? new Set();
    this.#subqueuesOf.set(place, there.add(known));
    for (const group of this.#groups.values()) acquaint(group, known);
  }

  /** The group of these capabilities. */
  group(capabilities: Capabilities): Group {
    const key = capabilityKey(capabilities);
    const group = this.#groups.get(key) ?? this.#form(key, capabilities);
    group.lastAskedMs = this.#options.monotonicMs();
    return group;
  }

  #form(key: string, capabilities: Capabilities): Group {
    const group = new Group(capabilities);
    this.#groups.set(key, group);
    for (const known of this.#subqueuesOf.get(placeOf(capabilities.orgId, capabilities.pool)) ??
      []) {
      acquaint(group, known);
      if (known.groups.has(group) && known.lines.size > 0) this.#activate(group, known);
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

  /** A line may have `count` runs more. Returns the groups that this may concern. */
  note({ sq, prio }: Line, count: number): ReadonlySet<Group> {
    const known = this.#known.get(sq);
    if (known === undefined) return new Set();
    const line = known.lines.get(prio) ?? new ActiveLine(prio);
    line.count += count;
    line.version += 1;
    known.lines.set(prio, line);
    for (const group of known.groups) this.#activate(group, known);
    return known.groups;
  }

  /** F5. What a claim for `slots` runs should ask for: projects take turns, then priority decides. */
  choose(group: Group, slots: number): Asked[] {
    const asked: Asked[] = [];
    const quotas = group.projects.take(slots, (project) => countOf(group.active.get(project)));
    for (const [project, quota] of quotas) {
      let left = quota;
      for (const [known, line] of linesInOrder(group, group.active.get(project) ?? [])) {
        if (left <= 0 || asked.length >= WANTS_MAX) break;
        const count = Math.min(left, Math.max(1, line.count));
        left -= count;
        asked.push({
          sq: known.subqueue.sq,
          prio: line.prio,
          count,
          floor: this.#floorOf(line),
          version: line.version,
        });
      }
      if (left > 0) group.projects.giveBack(project, left);
    }
    return asked;
  }

  /** What a claim found: how many runs, and the highest number among them. */
  learnAnswer(group: Group, asked: Asked, found: { count: number; seqMax: bigint }): void {
    const known = this.#known.get(asked.sq);
    const line = known?.lines.get(asked.prio);
    if (known === undefined || line === undefined) return;
    line.count = Math.max(0, line.count - found.count);
    if (found.count < asked.count) {
      group.projects.giveBack(known.subqueue.projectId, asked.count - found.count);
      if (asked.floor > 0n) line.fullLookMs = Number.NEGATIVE_INFINITY;
      else if (line.version === asked.version) this.#deactivate(known, line);
      return;
    }
    if (found.seqMax > FLOOR_TRAIL) line.floor = found.seqMax - FLOOR_TRAIL;
    // Everything that was ever heard of has been taken.
    if (line.count === 0) this.#deactivate(known, line);
  }

  /** So many runs were seen in the line. */
  believe({ sq, prio }: Line, count: number): void {
    const line = this.#known.get(sq)?.lines.get(prio);
    if (line !== undefined) line.count = count;
  }

  /** What was chosen and is not asked for. */
  giveBack(group: Group, { sq, count }: Want): void {
    const known = this.#known.get(sq);
    if (known !== undefined) group.projects.giveBack(known.subqueue.projectId, count);
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

  /** Somebody of the group has come. */
  unhold(group: Group): void {
    group.news += 1;
    for (const known of group.held) if (known.lines.size > 0) this.#activate(group, known);
    group.held.clear();
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

  #floorOf(line: ActiveLine): bigint {
    const now = this.#options.monotonicMs();
    if (now - line.fullLookMs < this.#options.fullLookEveryMs) return line.floor;
    line.fullLookMs = now;
    return 0n;
  }

  /** Only of a group that is acquainted with the subqueue (F3). */
  #activate(group: Group, known: KnownSubqueue): void {
    group.held.delete(known);
    const project = known.subqueue.projectId;
    const there = group.active.get(project);
    if (there !== undefined) {
      there.add(known);
      return;
    }
    group.active.set(project, new Set([known]));
    group.projects.join({ member: project, weight: this.#options.weightOf(project) });
  }

  #deactivate(known: KnownSubqueue, line: ActiveLine): void {
    known.lines.delete(line.prio);
    if (known.lines.size > 0) return;
    for (const group of known.groups) {
      group.held.delete(known);
      withdraw(group, known);
    }
  }
}

function withdraw(group: Group, known: KnownSubqueue): void {
  const { projectId } = known.subqueue;
  const there = group.active.get(projectId);
  there?.delete(known);
  if (there?.size !== 0) return;
  group.active.delete(projectId);
  group.projects.leave(projectId);
}

function placeOf(orgId: string, pool: string): string {
  return `${orgId} ${pool}`;
}

/** F3. The group will be told of the subqueue, if it may be given its runs. */
function acquaint(group: Group, known: KnownSubqueue): void {
  const { capabilities } = group;
  const { orgId, projectId, requirement } = known.subqueue;
  if (capabilities.orgId !== orgId) return;
  if (capabilities.projectId !== null && capabilities.projectId !== projectId) return;
  if (serves(capabilities, requirement)) known.groups.add(group);
}

function countOf(active: Iterable<KnownSubqueue> | undefined): number {
  let count = 0;
  for (const known of active ?? []) {
    for (const line of known.lines.values()) count += Math.max(1, line.count);
  }
  return count;
}

/** By priority; what prefers these workers goes before what does not care. */
function linesInOrder(
  { capabilities }: Group,
  active: Iterable<KnownSubqueue>,
): [KnownSubqueue, ActiveLine][] {
  const lines: [KnownSubqueue, ActiveLine, number][] = [];
  for (const known of active) {
    const preferences = known.subqueue.requirement.routing?.preferences ?? [];
    const score = preferences.length === 0 ? 0 : scoreOf(capabilities.labels, preferences);
    for (const line of known.lines.values()) lines.push([known, line, score]);
  }
  return lines
    .toSorted(
      ([, one, score], [, other, otherScore]) => one.prio - other.prio || otherScore - score,
    )
    .map(([known, line]) => [known, line]);
}
