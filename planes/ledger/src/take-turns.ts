/** Ends a turn. */
export type EndTurn = () => void;

/** Resolves when it is the caller's turn, in the order of asking. */
export type TakeTurn = () => Promise<EndTurn>;

/**
 * Reservations and settlements of one process lock the same budgets. Two statements that meet there
 * wait for each other in the database, and evaluate their rows anew when they go on.
 * Taking turns here costs nothing, and meanwhile the next batch grows.
 */
export function takeTurns(): TakeTurn {
  let last: Promise<void> = Promise.resolve();
  return async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = last;
    last = promise;
    await before;
    return resolve;
  };
}
