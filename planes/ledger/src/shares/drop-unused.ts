import type { ShareBook } from './share-book.ts';
import { type Holding, scopeName } from './share.ts';

/** Shares so many times larger than wanted are given back. */
const SURPLUS = 4;

/**
 * Which budgets' shares nobody uses, or are far too large; whether nobody uses the holding at all. Scopes
 * without a limit that nobody asks for are forgotten.
 */
export function dropUnused(
  holding: Holding,
  { idleSinceMs, nowMs }: { readonly idleSinceMs: number; readonly nowMs: number },
  book: Pick<ShareBook, 'targetOf'>,
): { readonly isIdle: boolean; readonly over: readonly string[] } {
  const over: string[] = [];
  let isIdle = holding.open.size === 0;
  for (const scope of holding.scopes.values()) {
    const isReserved = nowMs < scope.reservedUntilMs;
    if (!isReserved) scope.reserve = [0, 0, 0];
    const isUsed = scope.usedMs > idleSinceMs || scope.held[2] > 0 || isReserved;
    if (isUsed) isIdle = false;
    const target = book.targetOf(scope);
    const isLarge = scope.shares.some(
      ({ amount, measure }) => amount > SURPLUS * Math.max(target[measure], 1),
    );
    if (isUsed && !isLarge) continue;
    over.push(...scope.shares.map(({ budgetId }) => budgetId));
    if (scope.shares.length === 0 && !isUsed)
      holding.scopes.delete(scopeName(scope.kind, scope.id));
  }
  return { isIdle, over };
}
