import { checkCaps } from './check-caps.ts';
import { checkCancelled, checkWaitsForChildren } from './check-children.ts';
import {
  checkDelays,
  checkGivenUp,
  checkPlacement,
  checkPolls,
  checkRedrives,
  checkRetries,
  checkSchedules,
  type FleetHistory,
} from './check-fleet.ts';
import {
  checkBudgets,
  checkHeldBack,
  checkMetering,
  checkSlidingWindows,
  checkSpend,
} from './check-money.ts';
import type { FinalState, HistoryEvent } from './event.ts';

type EventOf<Kind extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: Kind }>;

/**
 * Decides whether a history and the state it ended in keep the promises:
 *
 *   H1. Every acknowledged submission ends in exactly one outcome (F2).
 *   H2. One idempotency key is one run.
 *   H3. All accepted reports of a run are the same one, and it is the outcome that was kept (F1, F2).
 *   H4. No lease is valid after a later one of its run had been handed out: neither is a report for it
 *       accepted, nor does a heartbeat confirm it (F1).
 *   H5. An epoch is one run in one hand (F1).
 *   H6. Every answered model call is in the ledger once, at the cost of the usage that it told (M2).
 *   H7. No budget has settled and reserved, or spent by its rows, more than its limit (M1).
 *   H8. Balances equal their rows; each audit chain is whole.
 *   H9. No more runs with one concurrency key are held at once than its limit (F7).
 *   H10. A run that was put off is not handed out before it is due.
 *   H11. A failed attempt is followed by another exactly when the run's policy says so of its class.
 *   H12. A dead letter is repeated by one run, whoever asks and however often.
 *   H13. A lease that was given up, by a wait or handed back, ends nothing and counts as no attempt (F1,
 *        W3); one answer ends a wait (W2).
 *   H14. A planned instant of a schedule submits one run, which ends (S1).
 *   H15. The same poll again is given the same leases, and nothing else (F6).
 *   H16. A worker is given what matches its enrollment (F3).
 *   H17. What was cancelled is not handed out any more, and neither is what is under it (C2).
 *   H18. A wait for children ends when all are over that were there when it began.
 *   H19. When everything has come to rest nothing is held back: what nobody settled was booked when it
 *        expired, in full, and only that is corrected (M2).
 *   H20. An answer is metered whose client hid the usage, or left in the middle, or whose provider says
 *        nothing of it; an estimate is called one (M3).
 *   H21. No 60 seconds, and no 30 days, have more than the limit of a window that slides (B1).
 *
 * Returns the broken promises in words; an empty list is a pass.
 */
export function checkHistory(events: readonly HistoryEvent[], final: FinalState): string[] {
  const claimed = only(events, 'claimed');
  const reported = only(events, 'reported');
  const fleet: FleetHistory = {
    submitted: only(events, 'submitted'),
    registered: only(events, 'registered'),
    claimed,
    polled: only(events, 'polled'),
    reported,
    tried: only(events, 'tried again'),
    gaveUp: only(events, 'gave up'),
    answered: only(events, 'answered'),
  };
  const trees = {
    children: only(events, 'child'),
    cancelled: only(events, 'cancelled'),
    claimed,
    reported,
    gaveUp: fleet.gaveUp,
  };
  return [
    ...checkSubmissions(fleet.submitted, final),
    ...checkOutcomes(reported, final),
    ...checkEpochs(claimed),
    ...checkFences(claimed, reported, only(events, 'confirmed')),
    ...checkSpend(only(events, 'called'), final),
    ...checkBudgets(final),
    ...checkHeldBack(final),
    ...checkMetering({ called: only(events, 'called'), left: only(events, 'left') }, final),
    ...checkSlidingWindows(final),
    ...checkCaps(fleet.submitted, claimed, reported),
    ...checkDelays(fleet),
    ...checkRetries(fleet, final),
    ...checkRedrives(final),
    ...checkGivenUp(fleet, final),
    ...checkSchedules(final),
    ...checkPolls(fleet),
    ...checkPlacement(fleet),
    ...checkCancelled(trees),
    ...checkWaitsForChildren(trees),
    ...final.ledgerMismatches.map((mismatch) => `H8: ledger: ${mismatch}`),
    ...final.brokenChains.map((chain) => `H8: audit: ${chain}`),
  ];
}

function checkSubmissions(submitted: readonly EventOf<'submitted'>[], final: FinalState): string[] {
  const broken: string[] = [];
  const outcomes = countBy(final.outcomes, ({ runId }) => runId);
  const unfinished = new Set(final.unfinished);
  const runOfKey = new Map<string, string>();
  for (const { runId, idempotencyKey } of submitted) {
    const first = runOfKey.get(idempotencyKey) ?? runId;
    runOfKey.set(idempotencyKey, first);
    if (first !== runId) broken.push(`H2: key ${idempotencyKey} is runs ${first} and ${runId}`);
    const count = outcomes.get(runId) ?? 0;
    if (count === 1) continue;
    const fate = unfinished.has(runId) ? 'never finished' : `has ${count} outcomes`;
    broken.push(`H1: acknowledged run ${runId} ${fate}`);
  }
  return [...new Set(broken)];
}

function checkOutcomes(reported: readonly EventOf<'reported'>[], final: FinalState): string[] {
  const broken: string[] = [];
  const kept = new Map(final.outcomes.map((outcome) => [outcome.runId, outcome]));
  const accepted = Map.groupBy(
    reported.filter((report) => report.accepted),
    ({ runId }) => runId,
  );
  for (const [runId, reports] of accepted) {
    const outcome = kept.get(runId);
    // What the server ended by itself (cancelled while it ran, or out of attempts) has no output; a late
    // report that says the same is answered as known.
    const isOwn = outcome?.status === 'cancelled' || outcome?.output === null;
    const binding = reports.filter(({ repeated }) => !(repeated && isOwn));
    const distinct = new Set(binding.map(({ epoch, output }) => `${epoch} ${output}`));
    if (distinct.size > 1) broken.push(`H3: run ${runId} accepted ${distinct.size} outcomes`);
    const [report] = binding;
    if (report && (outcome?.epoch !== report.epoch || outcome.output !== report.output)) {
      broken.push(`H3: run ${runId} accepted epoch ${report.epoch} but kept ${outcome?.epoch}`);
    }
  }
  return broken;
}

function checkEpochs(claimed: readonly EventOf<'claimed'>[]): string[] {
  const broken: string[] = [];
  for (const [epoch, claims] of Map.groupBy(claimed, (claim) => claim.epoch)) {
    const holders = new Set(claims.map(({ runId, workerId }) => `${runId} ${workerId}`));
    if (holders.size > 1) broken.push(`H5: epoch ${epoch} was handed out ${holders.size} times`);
  }
  return broken;
}

function checkFences(
  claimed: readonly EventOf<'claimed'>[],
  reported: readonly EventOf<'reported'>[],
  confirmed: readonly EventOf<'confirmed'>[],
): string[] {
  const claimsOf = Map.groupBy(claimed, ({ runId }) => runId);
  const laterThan = ({ runId, epoch, sentMs }: { runId: string; epoch: number; sentMs: number }) =>
    claimsOf.get(runId)?.find((claim) => claim.epoch > epoch && claim.answeredMs < sentMs);
  const accepted = reported.filter((report) => report.accepted);
  return [
    ...accepted.flatMap((report) => {
      const later = laterThan(report);
      const { runId, epoch } = report;
      return later
        ? [`H4: run ${runId} accepted epoch ${epoch} after epoch ${later.epoch} was held`]
        : [];
    }),
    ...confirmed.flatMap((lease) => {
      const later = laterThan(lease);
      const { runId, epoch } = lease;
      return later
        ? [`H4: run ${runId} has epoch ${epoch} confirmed after epoch ${later.epoch} was held`]
        : [];
    }),
  ];
}

function only<Kind extends HistoryEvent['kind']>(
  events: readonly HistoryEvent[],
  kind: Kind,
): EventOf<Kind>[] {
  return events.filter((event): event is EventOf<Kind> => event.kind === kind);
}

function countBy<T>(items: readonly T[], key: (item: T) => string): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(key(item), (counts.get(key(item)) ?? 0) + 1);
  return counts;
}
