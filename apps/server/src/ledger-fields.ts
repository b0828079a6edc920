import { field } from '@sagewai/config';

export const ledgerFields = {
  LEDGER_SHARES: field.boolean({
    default: true,
    description: 'Whether model calls are admitted from shares of the budgets, in memory',
  }),
  LEDGER_SHARE_CALLS: field.integer({
    default: 8,
    min: 1,
    description: 'A key, or project, that is called so often in a second gets shares',
  }),
  LEDGER_SHARE_TTL: field.duration({
    default: 5_000,
    min: 500,
    max: 10_000,
    description: 'When the shares of a server that was killed are booked as spent',
  }),
  LEDGER_JOURNAL_DIR: field.string({
    default: null,
    description:
      'A directory on a disk of this machine that outlives the process; what calls cost is durable there before the database has it (default: none)',
    flag: 'ledger-journal-dir',
  }),
  LEDGER_JOURNAL_BYTES: field.integer({
    default: 8 * 1024 * 1024,
    min: 128 * 1024,
    description: 'The size of a server’s file there, which it keeps',
  }),
  LEDGER_JOURNAL_BACKLOG: field.integer({
    default: 4_096,
    min: 1,
    description: 'Beyond so many calls that the database does not have it is waited for again',
  }),
  LEDGER_JOURNAL_WRITE_INTERVAL: field.duration({
    default: 0,
    min: 0,
    max: 100,
    description:
      'The least time between two writes, for a disk that is slow to flush; what comes meanwhile is one write',
  }),
  LEDGER_JOURNAL_GATHER: field.duration({
    default: 20,
    min: 0,
    max: 1_000,
    description:
      'How long a call of a busy server is in its journal only, so that many are booked at once',
  }),
  LEDGER_JOURNAL_GATHER_CALLS: field.integer({
    default: 128,
    min: 1,
    description: 'So many calls are booked without waiting for more',
  }),
  LEDGER_JOURNAL_LOOK_INTERVAL: field.duration({
    default: 5_000,
    min: 50,
    description:
      'How often journals of servers that are gone are looked for, and a journal that failed is tried again',
  }),
  OUTAGE_OPEN_FOR: field.duration({
    default: 0,
    min: 0,
    max: 3_600_000,
    description:
      'How long keys with `on_outage: open` are served while the database is away, by a server with a journal; a key that is revoked meanwhile is served as long (default: 0, no key is)',
  }),
  OUTAGE_OPEN_CENTS: field.integer({
    default: 0,
    min: 0,
    max: 500_000,
    description:
      'What such keys of an organization may spend at each server in an outage, in US cents; so much of their budgets is held back for it while they are in use',
  }),
} as const;
