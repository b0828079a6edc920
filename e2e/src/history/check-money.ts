import type { FinalState, HistoryEvent, SlidingWindow } from './event.ts';

type EventOf<Kind extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: Kind }>;

/** H6. Who was told what a call used has it in the ledger, once, at that price. */
export function checkSpend(called: readonly EventOf<'called'>[], final: FinalState): string[] {
  const broken: string[] = [];
  const rows = rowsOf(final);
  for (const { callId, usage, costPico } of called) {
    const row = rows.get(callId);
    if (!row) broken.push(`H6: call ${callId} was answered but is not in the ledger`);
    else if (row.settlements !== 1) {
      broken.push(`H6: call ${callId} was booked ${row.settlements} times`);
    } else if (usage === 'told' && row.costPico !== costPico) {
      broken.push(`H6: call ${callId} cost ${costPico} but was booked as ${row.costPico}`);
    }
  }
  return broken;
}

/** H7. */
export function checkBudgets({ budgets }: FinalState): string[] {
  const broken: string[] = [];
  for (const { scope, limitPico, settledPico, reservedPico, spentPico } of budgets) {
    if (settledPico + reservedPico > limitPico) {
      broken.push(`H7: ${scope} has ${settledPico} + ${reservedPico} of ${limitPico}`);
    }
    if (spentPico > limitPico) broken.push(`H7: ${scope} spent ${spentPico} of ${limitPico}`);
  }
  return broken;
}

/** H19. */
export function checkHeldBack({ heldBack, spend }: FinalState): string[] {
  const { calls, holdings } = heldBack;
  const wrong = spend.filter(({ isWrong }) => isWrong);
  return [
    ...(calls > 0 ? [`H19: ${calls} calls are still reserved`] : []),
    ...(holdings > 0 ? [`H19: ${holdings} holdings still have shares`] : []),
    ...wrong.map(
      ({ callId }) => `H19: call ${callId} expired for less than it held, or was corrected`,
    ),
  ];
}

/** H20. */
export function checkMetering(
  {
    called,
    left,
  }: { readonly called: readonly EventOf<'called'>[]; readonly left: readonly EventOf<'left'>[] },
  final: FinalState,
): string[] {
  const broken: string[] = [];
  const rows = rowsOf(final);
  const lost = new Set(final.lostKeys);
  for (const { callId, usage } of called) {
    const row = rows.get(callId);
    if (!row) continue; // H6
    if (usage === 'hidden' && row.source !== 'provider') {
      broken.push(`H20: call ${callId} hid its usage, and its figures are ${row.source}`);
    }
    if (usage === 'never told' && (row.source === 'provider' || row.outputTokens === 0)) {
      broken.push(
        `H20: nobody told what call ${callId} used, and it has ${row.outputTokens} tokens, of ${row.source}`,
      );
    }
  }
  for (const { callId, keyId, words } of left) {
    const row = rows.get(callId);
    if (!row && lost.has(keyId)) continue;
    if (!row || row.outputTokens === 0) {
      const has = row ? 'no tokens' : 'no row';
      broken.push(`H20: call ${callId} was left after ${words} words, and has ${has}`);
    }
  }
  return broken;
}

/** H21. */
export function checkSlidingWindows({ slidingWindows }: FinalState): string[] {
  return slidingWindows.flatMap((window) => {
    const most = mostWithin(window);
    const { scope, measure, seconds, limit } = window;
    return most > limit
      ? [`H21: ${scope} has ${most} of ${measure} within ${seconds} seconds, of ${limit}`]
      : [];
  });
}

/** The largest sum of charges that lie so close together. */
function mostWithin({ seconds, charges }: SlidingWindow): bigint {
  const inOrder = charges.toSorted((one, other) => one.atSeconds - other.atSeconds);
  let sum = 0n;
  let most = 0n;
  let oldest = 0;
  for (const [n, { atSeconds, amount }] of inOrder.entries()) {
    sum += amount;
    for (let first = inOrder[oldest]; first; first = inOrder[(oldest += 1)]) {
      if (first.atSeconds > atSeconds - seconds) break;
      sum -= first.amount;
    }
    // Those of one instant are one charge: a correction stands beside what it corrects.
    if (inOrder[n + 1]?.atSeconds !== atSeconds && sum > most) most = sum;
  }
  return most;
}

const rowsOf = ({ spend }: FinalState): Map<string, FinalState['spend'][number]> =>
  new Map(spend.map((row) => [row.callId, row]));
