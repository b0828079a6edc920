import { type Holding, MEASURE_INDEX, scopeName, type ScopeShares } from './share.ts';
import type { BookedRow, BookInput } from './shares.sql.ts';
import { isOneWindow } from './windows.ts';

/** Where a holding stands after a statement. */
export type Standing =
  | { readonly kind: 'live'; readonly isRecalled: boolean }
  /** It never was: no shares of the organization are given out at present. */
  | { readonly kind: 'paused' }
  | { readonly kind: 'gone' };

/**
 * Takes over what the database says about a holding. Amounts are absolute, so an answer that was lost
 * is made up for by the next one.
 */
export function applyBooked(
  holding: Holding,
  rows: readonly BookedRow[],
  of: { readonly sentMs: number; readonly ttlMs: number; readonly wants: BookInput['wants'] },
): Standing {
  const own = rows.filter(({ holdingId }) => holdingId === holding.id);
  const row = own.find(({ budgetId }) => budgetId === null);
  if (!row || row.day === null) {
    return { kind: holding.state === 'wanted' ? 'paused' : 'gone' };
  }
  if (row.day !== holding.day) turnToDay(holding, row.day);
  // S2. Counted from before it was asked for, and half as long as the database waits.
  holding.liveUntilMs = of.sentMs + Math.min(of.ttlMs / 2, Number(row.leftOfDayMs));
  holding.dayEndsMs = of.sentMs + Number(row.leftOfDayMs);
  if (holding.state === 'wanted') holding.state = 'live';
  for (const { orgId, kind, id } of of.wants) {
    const scope = orgId === holding.orgId ? holding.scopes.get(scopeName(kind, id)) : undefined;
    if (scope) scope.isKnown = true;
  }
  for (const share of own) {
    const name = share.budgetId === null ? null : scopeName(share.scopeKind, share.scopeId);
    const scope = name === null ? undefined : holding.scopes.get(name);
    if (scope) keepShare(scope, share);
  }
  return { kind: 'live', isRecalled: row.isRecalled === true };
}

function keepShare(scope: ScopeShares, row: BookedRow): void {
  const budgetId = String(row.budgetId);
  let share = scope.shares.find((each) => each.budgetId === budgetId);
  if (!share) {
    share = {
      budgetId,
      measure: MEASURE_INDEX[row.measure],
      period: row.period,
      amount: 0,
      held: 0,
      limit: row.limit,
      used: row.used,
    };
    scope.shares.push(share);
  }
  share.amount = Number(row.amount);
  share.limit = row.limit;
  share.used = row.used;
}

/** B3. What was admitted from the window before is not the new one's. */
function turnToDay(holding: Holding, day: string): void {
  const before = holding.day;
  holding.day = day;
  for (const { shares } of holding.scopes.values()) {
    for (const share of shares) {
      if (isOneWindow(share.period, before, day)) continue;
      share.amount = 0;
      share.held = 0;
    }
  }
}
