/** What tests of the journal share: a ledger with one, whose database can be kept waiting. */
import { type Log, silentLog } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import { createMetrics, type Metrics } from '@sagewai/telemetry';

import type { CallRequest } from '../call.ts';
import { createLedger, type Ledger, type ShareOptions } from '../create-ledger.ts';
import { type Account, callOf, settlementOf } from '../fixture.sql.ts';
import type { OutageSettings } from '../shares/outage.ts';
import type { JournalPlace } from './open-journal.ts';

export const CENT = 10_000_000_000n;

export interface Journaled {
  readonly ledger: Ledger;
  readonly metrics: Metrics;
  /** Statements that book wait from now on, until they are let go. */
  hold(): void;
  letGo(): void;
  /** They fail from now on, as those of a database that is away. */
  cut(): void;
  mend(): void;
}

export function openJournaled(
  db: Db,
  place: JournalPlace,
  of: {
    readonly log?: Log;
    readonly shares?: Partial<ShareOptions>;
    readonly outage?: OutageSettings;
  } = {},
): Journaled {
  let gate: PromiseWithResolvers<void> | null = null;
  let isCut = false;
  const metrics = createMetrics();
  const gated: Db = {
    ...db,
    run: async (statement) => {
      const { text } = statement.compile();
      const isGated = /ledger_(book|settle|yield)/.test(text);
      if (isGated) await gate?.promise;
      if (isCut && (isGated || of.outage)) {
        throw Object.assign(new Error('connect ECONNREFUSED'), { code: 'ECONNREFUSED' });
      }
      return db.run(statement);
    },
  };
  const ledger = createLedger({
    db: gated,
    log: of.log ?? silentLog,
    metrics,
    shares: { listenUrl: null, callsASecondMin: 2, idleMs: 60_000, ttlMs: 60_000, ...of.shares },
    journal: { partBytes: 65_536, lookEveryMs: 50, ...place },
    outage: of.outage ?? null,
    settleRetriesMs: 200,
  });
  return {
    ledger,
    metrics,
    hold: () => {
      gate = Promise.withResolvers();
    },
    letGo: () => {
      gate?.resolve();
      gate = null;
    },
    cut: () => {
      isCut = true;
    },
    mend: () => {
      isCut = false;
    },
  };
}

/** Admits so many calls from shares at once; asks until the shares are that large. */
export async function admitted(
  ledger: Ledger,
  account: Account,
  count: number,
  statements: () => number,
): Promise<CallRequest[]> {
  for (let tries = 0; tries < 200; tries += 1) {
    const calls = Array.from({ length: count }, () => callOf(account, CENT));
    const before = statements();
    await Promise.all(calls.map((call) => ledger.reserve(call)));
    if (statements() === before) return calls;
    await Promise.all(calls.map((call) => ledger.settle(settlementOf(call))));
  }
  throw new Error('no shares are that large');
}
