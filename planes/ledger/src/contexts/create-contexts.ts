import { Fault } from '@sagewai/fault';
import type { Db } from '@sagewai/postgres';

import { type ContextLimits, type ContextPlace, contextId } from './context.ts';
import { dropIdleContexts, keepContext } from './contexts.sql.ts';

export interface Contexts {
  /** The ids of these contexts, which have a budget from here on. */
  keep(place: ContextPlace, contexts: readonly ContextLimits[]): Promise<readonly string[]>;
}

/** Of an organization, at one moment: each has rows that its calls lock. */
const CONTEXTS_MAX = 1_000;
/** What is remembered to be there; forgotten all at once. */
const REMEMBERED_MAX = 10_000;
/** Shorter by far than what is idle is kept. */
const REMEMBERED_MS = 60_000;

/** The contexts that this replica has seen. */
export function createContexts(of: { readonly db: Db; readonly nowMs: () => number }): Contexts {
  const { db, nowMs } = of;
  const kept = new Map<string, number>();
  const isFresh = (id: string): boolean => nowMs() - (kept.get(id) ?? -Infinity) < REMEMBERED_MS;
  // One after the other: each needs two connections.
  let last: Promise<unknown> = Promise.resolve();

  const keepOne = async (place: ContextPlace, limits: ContextLimits): Promise<void> => {
    const id = contextId(place, limits);
    if (isFresh(id)) return;
    const askedMs = nowMs();
    const wanted = { id, limits, max: CONTEXTS_MAX };
    const isThere =
      (await keepContext(db, place, wanted)) ||
      ((await dropIdleContexts(db, place)) > 0 && (await keepContext(db, place, wanted)));
    if (!isThere) throw tooMany();
    if (kept.size >= REMEMBERED_MAX) kept.clear();
    kept.set(id, askedMs);
  };
  const keepAll = async (
    place: ContextPlace,
    contexts: readonly ContextLimits[],
  ): Promise<void> => {
    for (const limits of contexts) await keepOne(place, limits);
  };

  return {
    keep: async (place, contexts) => {
      // The same one twice is one window, in which a call counts once (X2).
      const ids = [...new Set(contexts.map((limits) => contextId(place, limits)))];
      if (ids.every(isFresh)) return ids;
      const turn = last.then(() => keepAll(place, contexts));
      last = turn.catch(() => undefined);
      await turn;
      return ids;
    },
  };
}

const tooMany = (): Fault =>
  new Fault('state.conflict', 'an organization has too many contexts', {
    detail: `An organization has at most ${CONTEXTS_MAX} contexts with different values in a day.`,
  });
