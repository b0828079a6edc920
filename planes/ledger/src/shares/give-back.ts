import { setTimeout as delay } from 'node:timers/promises';

import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';

import type { TakeTurn } from '../take-turns.ts';
import type { ShareBook } from './share-book.ts';
import { type Holding, scopeName } from './share.ts';
import { yieldShares } from './shares.sql.ts';

export interface GiveBackParts {
  readonly db: Db;
  readonly log: Log;
  readonly clock: Clock;
  readonly takeTurn: TakeTurn;
  readonly book: ShareBook;
  /** The holding is gone, or can no longer be relied upon. */
  readonly lose: (holding: Holding) => void;
}

const TRIES_MAX = 5;
const TRY_AGAIN_MS = 50;

/** Gives shares back: of some budgets, or (null) a whole holding. Each at most once at a time. */
export class GiveBack {
  readonly #parts: GiveBackParts;
  readonly #yielding = new Map<string, Promise<void>>();

  constructor(parts: GiveBackParts) {
    this.#parts = parts;
  }

  /** Resolves when nothing is being given back. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#yielding.values());
  }

  soon(holding: Holding, budgetIds: readonly string[] | null): void {
    this.now(holding, budgetIds).catch((error: unknown) => {
      this.#parts.log.error('shares could not be given back', { error });
    });
  }

  now(holding: Holding, budgetIds: readonly string[] | null): Promise<void> {
    const name = `${holding.id} ${budgetIds?.join(' ') ?? 'all'}`;
    const yielding = this.#yielding.get(name) ?? this.#once(holding, budgetIds);
    this.#yielding.set(name, yielding);
    return yielding.finally(() => this.#yielding.delete(name));
  }

  async #once(holding: Holding, budgetIds: readonly string[] | null): Promise<void> {
    const { db, book, clock, takeTurn, lose } = this.#parts;
    if (holding.state === 'gone') return;
    if (holding.state === 'wanted') return book.drop(holding);
    const over = new Set(budgetIds);
    const scopes = [...holding.scopes.values()].filter(
      ({ shares }) => budgetIds === null || shares.some(({ budgetId }) => over.has(budgetId)),
    );
    if (budgetIds === null) holding.state = 'recalled';
    else if (scopes.length === 0) return;
    for (const scope of scopes) scope.isYielding = true;
    const ids =
      budgetIds === null
        ? null
        : scopes.flatMap(({ shares }) => shares.map(({ budgetId }) => budgetId));
    const endTurn = await takeTurn();
    try {
      for (let tries = 1; ; tries++) {
        const nowMs = clock.monotonicMs();
        const calls = [...holding.open.values()]
          .filter((call) => budgetIds === null || call.scopes.some(({ isYielding }) => isYielding))
          .map((call) => ({ call, elapsedMs: nowMs - call.admittedMs }));
        const { id: holdingId, orgId } = holding;
        const isHeld = await yieldShares(db, { orgId, holdingId, budgetIds: ids, calls }).catch(
          (error: unknown) => {
            if (tries >= TRIES_MAX) throw error;
            return null;
          },
        );
        if (isHeld === null) {
          await delay(TRY_AGAIN_MS * tries);
          continue;
        }
        if (!isHeld) return lose(holding);
        for (const { call } of calls) book.convert(call);
        for (const scope of scopes) holding.scopes.delete(scopeName(scope.kind, scope.id));
        if (budgetIds === null) book.drop(holding);
        return;
      }
    } catch (error) {
      lose(holding);
      throw error;
    } finally {
      endTurn();
    }
  }
}
