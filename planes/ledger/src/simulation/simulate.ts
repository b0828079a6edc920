import type { Tx } from '@sagewai/postgres';

import { isSliding, type Limit } from '../budget.ts';
import { reportSpend } from '../spend-report.sql.ts';
import type { ReportSums } from '../spend-report.ts';
import type { Simulation, SpentBefore, TriedLimit } from './past-call.ts';
import { type PastFilter, type PastInterval, readPastCalls } from './past-calls.sql.ts';
import { createReplay, dayBefore } from './replay.ts';

export interface Simulated extends Simulation {
  /** False: more calls than may be looked at; all is of those until `readUntil`. */
  readonly isWhole: boolean;
  readonly readUntil: Date | null;
}

const DAY_MS = 86_400_000;
/** No window that slides holds more. */
const DAYS_MAX = 31;

/** What limits would have refused of the calls that there were. Reads no more rows than `rowsMax`. */
export async function simulate(
  tx: Tx,
  filter: PastFilter,
  of: PastInterval & {
    readonly limits: readonly Limit[];
    readonly rowsMax: number;
    readonly pageRows: number;
  },
): Promise<Simulated> {
  const limits: TriedLimit[] = [];
  for (const limit of of.limits) {
    limits.push({ ...limit, before: await spentBefore(tx, filter, { limit, since: of.since }) });
  }
  const replay = createReplay(limits, of.since);
  let after: string | null = null;
  let looked = 0;
  let readUntil: Date | null = null;
  do {
    const lookAt = Math.min(of.pageRows, of.rowsMax - looked);
    const page = await readPastCalls(tx, filter, { ...of, after, lookAt });
    for (const call of page.calls) replay.add(call);
    looked += page.looked;
    after = page.next;
    readUntil = page.calls.at(-1)?.startedAt ?? readUntil;
  } while (after !== null && looked < of.rowsMax);
  return { ...replay.result(), isWhole: after === null, readUntil };
}

/** What a window holds of before the first day: of days, so their sums say it (R1). */
async function spentBefore(
  tx: Tx,
  filter: PastFilter,
  { limit, since }: { readonly limit: Limit; readonly since: Date },
): Promise<SpentBefore[]> {
  const opened = dayBefore(limit.period, since);
  if (opened === null) return [];
  const { orgId, keyId, ...only } = filter;
  const { groups, totals } = await reportSpend(tx, {
    orgId,
    by: isSliding(limit.period) ? ['day'] : [],
    from: dayOf(opened),
    until: dayOf(new Date(since.getTime() - DAY_MS)),
    only: { ...only, keyIds: keyId === undefined ? undefined : [keyId] },
    page: { offset: 0, limit: DAYS_MAX },
  });
  return isSliding(limit.period)
    ? groups.map((sums) => ({ at: new Date(sums.day ?? opened), amount: takenOf(limit, sums) }))
    : [{ at: opened, amount: takenOf(limit, totals) }];
}

function takenOf({ measure }: Limit, sums: ReportSums): bigint {
  if (measure === 'requests') return sums.calls;
  return measure === 'cost' ? sums.costPusd : sums.inputTokens + sums.outputTokens;
}

export const dayOf = (at: Date): string => at.toISOString().slice(0, 10);
