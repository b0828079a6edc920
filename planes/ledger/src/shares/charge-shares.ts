import { type Amounts, type Holding, type ScopeShares, type Share } from './share.ts';
import type { BookedOwnRow, SharedSettlement } from './shares.sql.ts';

export interface Charge {
  readonly share: Share;
  readonly budgetId: string;
  charged: number;
  overrun: number;
  want: number | null;
}

/**
 * What a batch of one holding's calls costs each budget above them (B3), and how large the shares that
 * are wanted should be. Null where the database has to find it out: something is new, or of another day.
 */
export function chargeShares(
  holding: Holding,
  settlements: readonly SharedSettlement[],
  wanted: readonly { readonly scope: ScopeShares; readonly target: Amounts }[],
): readonly Charge[] | null {
  if (holding.state !== 'live' || holding.day === null) return null;
  const charges = new Map<Share, Charge>();
  for (const { call, settlement } of settlements) {
    if (call.holding !== holding || call.day !== holding.day) return null;
    const { costPusd, inputTokens, outputTokens } = settlement;
    const used: Amounts = [Number(costPusd ?? 0n), inputTokens + outputTokens, 1];
    if (!Number.isSafeInteger(used[0])) return null;
    for (const { shares } of call.scopes) {
      for (const share of shares) {
        const need = call.needs[share.measure];
        const charge = chargeOf(charges, share);
        charge.charged += Math.min(need, used[share.measure]);
        charge.overrun += Math.max(0, used[share.measure] - need);
      }
    }
  }
  for (const { scope, target } of wanted) {
    if (!scope.isKnown) return null;
    for (const share of scope.shares)
      chargeOf(charges, share).want = Math.ceil(target[share.measure]);
  }
  return [...charges.values()];
}

/** Takes over what the database says of the shares of a holding. */
export function applyOwn(
  holding: Holding,
  charges: readonly Charge[],
  of: { readonly rows: readonly BookedOwnRow[]; readonly sentMs: number; readonly ttlMs: number },
): { readonly isRecalled: boolean } {
  const rowOf = new Map(of.rows.map((row) => [String(row.budgetId), row]));
  for (const { share, budgetId } of charges) {
    const row = rowOf.get(budgetId);
    if (!row) continue;
    share.amount = Number(row.amount);
    share.limit = row.limit;
    share.used = row.used;
  }
  const [first] = of.rows;
  if (first) {
    holding.dayEndsMs = of.sentMs + Number(first.leftOfDayMs);
    holding.liveUntilMs = Math.min(of.sentMs + of.ttlMs / 2, holding.dayEndsMs); // S2
  }
  return { isRecalled: first?.isRecalled === true };
}

function chargeOf(charges: Map<Share, Charge>, share: Share): Charge {
  let charge = charges.get(share);
  if (!charge) {
    charge = { share, budgetId: share.budgetId, charged: 0, overrun: 0, want: null };
    charges.set(share, charge);
  }
  return charge;
}
