import type { Db } from '@sagewai/postgres';

import type { Settled, Settlement } from './call.ts';
import { settleAll } from './calls.sql.ts';
import type { SharedCalls } from './shares/shared-calls.ts';
import { bookLate, type SharedSettlement } from './shares/shares.sql.ts';

/**
 * Settles a batch: calls that were admitted from shares in one statement, those with a reservation in
 * another. A call whose holding is gone has a reservation by now, or was booked with the holding.
 */
export async function settleCalls(
  db: Db,
  shared: SharedCalls | null,
  settlements: readonly Settlement[],
): Promise<Settled[]> {
  if (!shared) return settleAll(db, settlements);
  const open = new Map<string, SharedSettlement>();
  const exact: Settlement[] = [];
  for (const settlement of settlements) {
    const call = shared.callOf(settlement.id);
    if (call && !open.has(settlement.id)) open.set(settlement.id, shared.withAge(call, settlement));
    else exact.push(settlement);
  }
  const orphaned = open.size > 0 ? await shared.book([...open.values()]) : [];
  const byRow = [...orphaned.map(({ settlement }) => settlement), ...exact];
  const answers = byRow.length > 0 ? await settleAll(db, byRow) : [];
  const late = orphaned.filter((_, index) => answers[index]?.kind === 'unknown');
  if (late.length > 0) {
    await bookLate(db, late);
    // An answer that was lost may have made reservations of them since.
    await settleAll(
      db,
      late.map(({ settlement }) => settlement),
    );
  }
  for (const { call } of orphaned) shared.forget(call);
  const answerOf = new Map(byRow.map((settlement, index) => [settlement, answers[index]]));
  const unknown = new Set(late.map(({ settlement }) => settlement));
  return settlements.map((settlement) => {
    const answer = unknown.has(settlement) ? undefined : answerOf.get(settlement);
    if (answer) return answer;
    const own = open.get(settlement.id);
    if (!own) throw new Error(`no answer about call ${settlement.id}`);
    return bookedOf(own);
  });
}

/** As it will be booked: of a call that was admitted from shares all of it is known here. */
export function bookedOf({
  call,
  settlement,
}: Pick<SharedSettlement, 'call' | 'settlement'>): Settled {
  const cost = settlement.costPusd ?? 0n;
  const over = cost - call.amountPusd;
  return {
    kind: 'settled',
    costPusd: cost,
    overrunPusd: over > 0n ? over : 0n,
    overrunTokens: Math.max(0, settlement.inputTokens + settlement.outputTokens - call.needs[1]),
  };
}
