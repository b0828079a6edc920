/**
 * F5. Limits that had no room when they were looked at. Nobody asks for runs under them until somebody
 * ends, the time is up, or the limit changes; so a project that is capped or paused stands in nobody's way.
 */
import type { Held, LimitOf } from '../limits/limit.ts';
import type { Subqueue } from '../matching/subqueue.ts';

interface Parked {
  readonly held: Held;
  readonly untilMs: number;
}

export class Parking {
  readonly #parked = new Map<string, Parked>();
  /** Of every place that was ever full: when it had room again. */
  readonly #freedMs = new Map<string, number>();

  /** False: it has room again since it was looked at. */
  park(place: string, parked: Parked & { readonly lookedMs: number }): boolean {
    const freedMs = this.#freedMs.get(place) ?? Number.NEGATIVE_INFINITY;
    if (parked.held === 'cap') this.#freedMs.set(place, freedMs);
    if (parked.held === 'cap' && freedMs >= parked.lookedMs) return false;
    this.#parked.set(place, parked);
    return true;
  }

  /** What holds runs at these places back; null: nothing, as far as this replica knows. */
  heldBy(places: readonly string[]): Held | null {
    if (this.#parked.size === 0) return null;
    for (const place of places) {
      const parked = this.#parked.get(place);
      if (parked !== undefined) return parked.held;
    }
    return null;
  }

  /** Lets go of those whose time is up. */
  due(nowMs: number): string[] {
    return this.#letGo(({ untilMs }) => untilMs <= nowMs);
  }

  all(): string[] {
    return this.#letGo(() => true);
  }

  /** A run of the subqueue has ended: its project's cap and its key's have room. */
  freed(subqueue: Subqueue, nowMs: number): string[] {
    return [placeOf('project', subqueue), placeOf('key', subqueue)].filter((place) => {
      if (this.#freedMs.has(place)) this.#freedMs.set(place, nowMs);
      return this.#parked.get(place)?.held === 'cap' && this.#parked.delete(place);
    });
  }

  /** When the first is due. */
  get nextMs(): number | null {
    let next: number | null = null;
    for (const { untilMs } of this.#parked.values()) next = Math.min(next ?? untilMs, untilMs);
    return next;
  }

  #letGo(which: (parked: Parked) => boolean): string[] {
    const places = [...this.#parked].filter(([, parked]) => which(parked)).map(([place]) => place);
    for (const place of places) this.#parked.delete(place);
    return places;
  }
}

const LIMITS_OF = ['project', 'pool', 'both', 'key'] as const;

/** The limits that a subqueue may be under. */
export function placesOf(subqueue: Subqueue): string[] {
  return LIMITS_OF.filter((of) => of !== 'key' || subqueue.key !== null).map((of) =>
    placeOf(of, subqueue),
  );
}

export function placeOf(
  of: LimitOf,
  { orgId, projectId, requirement: { pool }, key }: Subqueue,
): string {
  switch (of) {
    case 'project':
      return JSON.stringify([orgId, projectId]);
    case 'pool':
      return JSON.stringify([orgId, null, pool]);
    case 'both':
      return JSON.stringify([orgId, projectId, pool]);
    case 'key':
      return JSON.stringify([orgId, projectId, null, key]);
  }
}
