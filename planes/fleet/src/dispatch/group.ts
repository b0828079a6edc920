import { hash } from 'node:crypto';

import { serves } from '../matching/match-class.ts';
import { scoreOf } from '../matching/selector.ts';
import type { Subqueue } from '../matching/subqueue.ts';
import type { Capabilities } from '../workers/worker.ts';
import { type ActiveLine, urgencyOf } from './active-line.ts';
import type { FairShare } from './fair-share.ts';
import { placesOf } from './parking.ts';

export class KnownSubqueue {
  readonly subqueue: Subqueue;
  /** Of limits that its runs may be under. */
  readonly places: readonly string[];
  /** By priority. */
  readonly lines = new Map<number, ActiveLine>();
  /** F4. Where they were empty last: what was taken stays in the index while an old snapshot may see it. */
  readonly emptied = new Map<number, ActiveLine>();
  readonly groups = new Set<Group>();

  constructor(subqueue: Subqueue) {
    this.subqueue = subqueue;
    this.places = placesOf(subqueue);
  }
}

/** Workers with equal capabilities. */
export class Group {
  /** The same on every replica. */
  readonly name: string;
  readonly capabilities: Capabilities;
  readonly projects: FairShare<string>;
  /** What its workers here were given since this was told to the other replicas, by project. */
  readonly #given = new Map<string, number>();
  /** Its subqueues with active lines, by project. */
  readonly active = new Map<string, Set<KnownSubqueue>>();
  /** What stands ready, but is for other workers before it is for these. */
  readonly held = new Set<KnownSubqueue>();
  /** Grows with every poll: a share that was worked out before the last one may be wrong. */
  news = 0;
  lastAskedMs = 0;

  constructor(key: string, capabilities: Capabilities, projects: FairShare<string>) {
    this.name = hash('sha256', key).slice(0, 16);
    this.capabilities = capabilities;
    this.projects = projects;
  }

  give(project: string, cost: number): void {
    this.#given.set(project, (this.#given.get(project) ?? 0) + cost);
  }

  takeGiven(): { group: string; project: string; cost: number }[] {
    const given = [...this.#given].map(([project, cost]) => ({ group: this.name, project, cost }));
    this.#given.clear();
    return given;
  }

  get hasActive(): boolean {
    return this.active.size > 0;
  }
}

/** F3. The group will be told of the subqueue, if it may be given its runs. */
export function acquaint(group: Group, known: KnownSubqueue): void {
  const { capabilities } = group;
  const { orgId, projectId, requirement } = known.subqueue;
  if (capabilities.orgId !== orgId) return;
  if (capabilities.projectId !== null && capabilities.projectId !== projectId) return;
  if (serves(capabilities, requirement)) known.groups.add(group);
}

/** Whether the worker may have runs of the subqueue, if its group may. */
export function isFor({ subqueue }: KnownSubqueue, num: number): boolean {
  return subqueue.workerNum === null || subqueue.workerNum === num;
}

export function countOf(active: Iterable<KnownSubqueue> | undefined): number {
  let count = 0;
  for (const known of active ?? []) {
    for (const line of known.lines.values()) count += Math.max(1, line.count);
  }
  return count;
}

/** The most urgent first; of equal ones, what prefers these workers before what does not care. */
export function linesInOrder(
  { capabilities, active }: Group,
  project: string,
  { nowMs, agingMs }: { readonly nowMs: number; readonly agingMs: number },
): [KnownSubqueue, ActiveLine][] {
  const lines: { at: [KnownSubqueue, ActiveLine]; urgency: number; score: number }[] = [];
  for (const known of active.get(project) ?? []) {
    const preferences = known.subqueue.requirement.routing?.preferences ?? [];
    const score = preferences.length === 0 ? 0 : scoreOf(capabilities.labels, preferences);
    for (const line of known.lines.values()) {
      lines.push({ at: [known, line], urgency: urgencyOf(line, nowMs, agingMs), score });
    }
  }
  return lines
    .toSorted((one, other) => one.urgency - other.urgency || other.score - one.score)
    .map(({ at }) => at);
}

export function activate(group: Group, known: KnownSubqueue): void {
  const { projectId } = known.subqueue;
  const there = group.active.get(projectId);
  if (there !== undefined) {
    there.add(known);
    return;
  }
  group.active.set(projectId, new Set([known]));
  group.projects.join(projectId);
}

export function withdraw(group: Group, known: KnownSubqueue): void {
  const { projectId } = known.subqueue;
  const there = group.active.get(projectId);
  there?.delete(known);
  if (there?.size !== 0) return;
  group.active.delete(projectId);
  group.projects.leave(projectId);
}

export function poolOf(orgId: string, pool: string): string {
  return `${orgId} ${pool}`;
}
