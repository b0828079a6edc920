import type { LedgerOptions } from '@sagewai/ledger';

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
