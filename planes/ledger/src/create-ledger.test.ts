import { silentLog } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import { createMetrics } from '@sagewai/telemetry';
import { expect, test } from 'vitest';

import { createLedger, type LedgerOptions } from './create-ledger.ts';

const OUTAGE = { openForMs: 1_000, openPusd: 1n, keptMs: 1_000 };

/** What a ledger that is made so warns of, and for how long its keys are open. */
async function made(options: Pick<LedgerOptions, 'shares' | 'outage'>) {
  const warned: unknown[] = [];
  const ledger = createLedger({
    db: {} as Db,
    log: { ...silentLog, warn: (_, fields) => void warned.push(fields) },
    metrics: createMetrics(),
    ...options,
  });
  await ledger.close();
  return { warned, openForMs: ledger.openForMs };
}

test('whoever opens keys where they cannot be is told what it lacks', async () => {
  const shares = { listenUrl: null };
  expect(await made({ outage: null })).toEqual({ warned: [], openForMs: 0 });
  expect(await made({ outage: { ...OUTAGE, openPusd: 0n }, shares })).toEqual({
    warned: [{ lacks: ['how much', 'a journal'] }],
    openForMs: 0,
  });
  expect(await made({ outage: { ...OUTAGE, openForMs: 0 } })).toEqual({
    warned: [{ lacks: ['how long', 'shares', 'a journal'] }],
    openForMs: 0,
  });
});
