import { found, implement, type Route } from '@sagewai/http';
import { boundProject } from '@sagewai/identity';
import { type Db, inSnapshot } from '@sagewai/postgres';
import { formatUsd, type OutputOf, verifyLedger } from '@sagewai/wire';

import type { Measure } from '../budget.ts';
import { checkBalances, type Mismatch } from '../check-ledger.sql.ts';
import { checkSums, type SpendMismatch } from '../rollups.sql.ts';
import { type Entries, hasMoreRows, readEntries } from './read-entries.sql.ts';

/** Rows that are read in a few seconds, as `sagewai doctor` does. */
const ROWS_MAX = 500_000;
const IDS_MAX = 100;

type Verification = OutputOf<typeof verifyLedger>;

/** B4, R1. What the job and `doctor` compare, for one organization, told to the pico-dollar. */
export function verificationRoute({ db }: { readonly db: Db }): Route {
  return implement(verifyLedger, async ({ orgId, caller }) => {
    found(boundProject(caller) === null ? orgId : null, 'The ledger is one of the organization.');
    // Of one instant: what is told of entries is what balances and sums were compared with.
    const { isLarge, entries, balances, sums } = await inSnapshot(db, [orgId], async (tx) => {
      const isLarge = await hasMoreRows(tx, { orgId, rows: ROWS_MAX });
      return {
        isLarge,
        entries: await readEntries(tx, { orgId, idsMax: IDS_MAX }),
        balances: await checkBalances(tx, orgId),
        sums: isLarge ? [] : await checkSums(tx, orgId),
      };
    });
    const { settled, expired, corrected, reserved, inShares, lostShares } = entries;
    return {
      is_right: balances.length + sums.length === 0,
      rows: entries.rows,
      sums_compared: !isLarge,
      balances: balances.map(balanceToWire),
      sums: sums.map(sumToWire),
      entries: {
        settled: entriesToWire(settled),
        expired: { ...entriesToWire(expired), ids: [...(expired.ids ?? [])] },
        corrected: entriesToWire(corrected),
        reserved: entriesToWire(reserved),
        in_shares: sharesToWire(inShares),
        lost_shares: sharesToWire(lostShares),
      },
    };
  });
}

const entriesToWire = ({ calls, costPusd }: Entries) => ({ calls, usd: formatUsd(costPusd) });
const sharesToWire = ({ calls, costPusd }: Entries) => ({
  shares: calls,
  usd: formatUsd(costPusd),
});

function balanceToWire(of: Mismatch): Verification['balances'][number] {
  const { scopeKind, scopeId, measure, period, kept, derived } = of;
  const difference = (name: 'settled' | 'reserved') => ({
    told: amountOf(measure, kept[name]),
    derived: amountOf(measure, derived[name]),
  });
  return {
    scope_kind: scopeKind,
    scope_id: scopeId,
    measure,
    period,
    settled: difference('settled'),
    reserved: difference('reserved'),
  };
}

const sumToWire = ({ kind, day, name, told, derived }: SpendMismatch) => ({
  kind,
  day,
  name,
  calls: { told: String(told.calls), derived: String(derived.calls) },
  cost_usd: { told: formatUsd(told.costPusd), derived: formatUsd(derived.costPusd) },
  tokens: { told: String(told.tokens), derived: String(derived.tokens) },
});

const amountOf = (measure: Measure, amount: bigint): string =>
  measure === 'cost' ? formatUsd(amount) : String(amount);
