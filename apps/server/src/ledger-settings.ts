import type { ledgerJobs, LedgerOptions } from '@sagewai/ledger';

import type { ServerConfig } from './config.ts';

export function ledgerSettings(config: ServerConfig): Pick<LedgerOptions, 'shares' | 'journal'> {
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
