import type { HistoryEvent } from './event.ts';

type EventOf<Kind extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: Kind }>;

export interface TreeHistory {
  readonly children: readonly EventOf<'child'>[];
  readonly cancelled: readonly EventOf<'cancelled'>[];
  readonly claimed: readonly EventOf<'claimed'>[];
  readonly reported: readonly EventOf<'reported'>[];
  readonly gaveUp: readonly EventOf<'gave up'>[];
}

/** H17: what was cancelled is not handed out any more, and neither is what was submitted under it. */
export function checkCancelled({ children, cancelled, claimed }: TreeHistory): string[] {
  const under = Map.groupBy(children, ({ parentId }) => parentId);
  const claimsOf = Map.groupBy(claimed, ({ runId }) => runId);
  return cancelled.flatMap(({ runId, answeredMs }) =>
    treeOf(runId, under).flatMap((each) =>
      (claimsOf.get(each) ?? [])
        .filter(({ sentMs }) => sentMs > answeredMs)
        .map(({ epoch }) => {
          const what = each === runId ? `run ${runId}` : `run ${each}, under run ${runId},`;
          return `H17: ${what} was handed out under epoch ${epoch} after it was cancelled`;
        }),
    ),
  );
}

/** H18: a wait for children ends when all of them are over that were there when it began. */
export function checkWaitsForChildren(history: TreeHistory): string[] {
  const under = Map.groupBy(history.children, ({ parentId }) => parentId);
  const waitsOf = Map.groupBy(
    history.gaveUp.filter(({ how }) => how === 'waits for children'),
    ({ runId }) => runId,
  );
  const lastMs = lastSigns(history);
  return history.claimed.flatMap(({ runId, epoch, resumedBy, answeredMs }) => {
    if (resumedBy !== 'children') return [];
    const waits = (waitsOf.get(runId) ?? []).filter((wait) => wait.epoch < epoch);
    const wait = waits.toSorted((one, other) => one.epoch - other.epoch).at(-1);
    if (!wait) return [];
    const children = (under.get(runId) ?? []).filter((child) => child.answeredMs < wait.sentMs);
    return [...new Set(children.map((child) => child.runId))]
      .filter((child) => (lastMs.get(child) ?? -Infinity) > answeredMs)
      .map((child) => `H18: run ${runId} went on while its child ${child} was not over`);
  });
}

/** When each run was last seen to be under way: it was asked for and given, or its report was taken. */
function lastSigns({ claimed, reported }: TreeHistory): ReadonlyMap<string, number> {
  const lastMs = new Map<string, number>();
  const ended = reported.filter(({ accepted, repeated }) => accepted && !repeated);
  for (const { runId, sentMs } of [...claimed, ...ended]) {
    lastMs.set(runId, Math.max(lastMs.get(runId) ?? -Infinity, sentMs));
  }
  return lastMs;
}

/** A run and all under it, as far as their submission was acknowledged. */
function treeOf(
  runId: string,
  under: ReadonlyMap<string, readonly EventOf<'child'>[]>,
): readonly string[] {
  const found = new Set([runId]);
  // A set grows while it is gone through.
  for (const each of found) for (const child of under.get(each) ?? []) found.add(child.runId);
  return [...found];
}
