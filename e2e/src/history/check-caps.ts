import type { HistoryEvent } from './event.ts';

type EventOf<Kind extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: Kind }>;

interface Held {
  readonly fromMs: number;
  readonly untilMs: number;
}

/**
 * A lease was surely held from the arrival of the claim's answer until its accepted report was sent. Where
 * more such times of one concurrency key overlap than its limit, the cap was exceeded (H9).
 */
export function checkCaps(
  submitted: readonly EventOf<'submitted'>[],
  claimed: readonly EventOf<'claimed'>[],
  reported: readonly EventOf<'reported'>[],
): string[] {
  const capOf = new Map(submitted.map(({ runId, concurrency }) => [runId, concurrency]));
  const claims = new Map(claimed.map((claim) => [`${claim.runId} ${claim.epoch}`, claim]));
  const heldBy = new Map<string, { readonly limit: number; readonly held: Held[] }>();
  for (const { runId, epoch, accepted, repeated, sentMs } of reported) {
    const cap = capOf.get(runId);
    const claim = claims.get(`${runId} ${epoch}`);
    if (!cap || !claim || !accepted || repeated) continue;
    const of = heldBy.get(cap.key) ?? { limit: cap.limit, held: [] };
    of.held.push({ fromMs: claim.answeredMs, untilMs: sentMs });
    heldBy.set(cap.key, of);
  }
  return [...heldBy].flatMap(([key, { limit, held }]) => {
    const most = mostAtOnce(held);
    return most > limit ? [`H9: ${most} runs of concurrency key ${key} at once, of ${limit}`] : [];
  });
}

function mostAtOnce(held: readonly Held[]): number {
  const changes = held
    .filter(({ fromMs, untilMs }) => fromMs < untilMs)
    .flatMap(({ fromMs, untilMs }) => [
      { atMs: fromMs, by: 1 },
      { atMs: untilMs, by: -1 },
    ])
    .toSorted((one, other) => one.atMs - other.atMs || one.by - other.by);
  let now = 0;
  let most = 0;
  for (const { by } of changes) {
    now += by;
    most = Math.max(most, now);
  }
  return most;
}
