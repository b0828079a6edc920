import type { ledgerJobs, LedgerOptions } from '@sagewai/ledger';

import type { ServerConfig } from './config.ts';

const PUSD_PER_CENT = 10_000_000_000n;
/** An open key that was not called for longer has nothing held when the database goes. */
const OUTAGE_KEPT_MS = 60_000;

export function ledgerSettings(
  config: ServerConfig,
): Pick<LedgerOptions, 'shares' | 'journal' | 'outage'> {
  return {
    shares: config.ledgerShares
      ? {
          listenUrl: config.databaseUrl,
          ttlMs: config.ledgerShareTtlMs,
          callsASecondMin: config.ledgerShareCalls,
        }
      : null,
    journal:
      config.ledgerJournalDir === null
        ? null
        : {
            directory: config.ledgerJournalDir,
            partBytes: Math.floor(config.ledgerJournalBytes / 2),
            backlogMax: config.ledgerJournalBacklog,
            writeEveryMs: config.ledgerJournalWriteIntervalMs,
            gatherMs: config.ledgerJournalGatherMs,
            gatherCount: config.ledgerJournalGatherCalls,
            lookEveryMs: config.ledgerJournalLookIntervalMs,
          },
    outage:
      config.outageOpenForMs === 0 && config.outageOpenCents === 0
        ? null
        : {
            openForMs: config.outageOpenForMs,
            openPusd: BigInt(config.outageOpenCents) * PUSD_PER_CENT,
            keptMs: OUTAGE_KEPT_MS,
          },
  };
}

/** How often the ledger's jobs look, and how long it keeps how calls found their way. */
export function ledgerPaces(
  config: ServerConfig,
): Pick<
  Parameters<typeof ledgerJobs>[0],
  'expireEveryMs' | 'checkEveryMs' | 'foldEveryMs' | 'decisionsKeptMs'
> {
  const unhurriedMs = Math.max(config.jobIntervalMs, 60_000);
  return {
    expireEveryMs: config.jobIntervalMs,
    checkEveryMs: unhurriedMs,
    foldEveryMs: unhurriedMs,
    decisionsKeptMs: config.routingDecisionRetentionMs,
  };
}
