import { setTimeout as delay } from 'node:timers/promises';

import { type Clock, systemClock } from '@sagewai/clock';
import { nameFault } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import type { CallRequest, Reservation, Settled, Settlement } from './call.ts';
import { reserveAll, settleAll } from './calls.sql.ts';
import { bookable, fixedCost } from './check-call.ts';
import { type Abandonment, coalesce } from './coalesce.ts';
import { createMeters } from './meters.ts';
import { mayHaveHappened } from './name-failure.ts';
import { takeTurns } from './take-turns.ts';

export interface LedgerOptions {
  /** As the role of requests. Two of its connections are in use at most. */
  readonly db: Db;
  readonly log: Log;
  readonly metrics: Metrics;
  readonly clock?: Clock;
  /** Calls a commit. */
  readonly batchMax?: number;
  /** Calls that may wait for one; beyond it `service.busy`. */
  readonly queueMax?: number;
  /** How long a call waits for its reservation before it fails as `service.unavailable`. */
  readonly reservePatienceMs?: number;
  /** How long a settlement is tried again; after that its reservation expires and is booked in full. */
  readonly settleRetriesMs?: number;
}

export interface Ledger {
  /** M1, M7. Throws `service.busy` and `service.unavailable`; the call must then not be made. */
  reserve(request: CallRequest): Promise<Reservation>;
  /** M2. Resolves when it is durable. Safe to repeat: a call is settled once. */
  settle(settlement: Settlement): Promise<Settled>;
  /** Refuses further calls and waits for those that were accepted. */
  close(): Promise<void>;
}

export const LEDGER_DEFAULTS = {
  batchMax: 64,
  queueMax: 10_000,
  reservePatienceMs: 5_000,
  settleRetriesMs: 30_000,
} as const;

const RETRY_DELAY_MS_MAX = 1_000;

/** The accounts of a process: coalesces its calls into one commit at a time of each kind. */
export function createLedger(options: LedgerOptions): Ledger {
  const { db, log, clock = systemClock } = options;
  const settings = { ...LEDGER_DEFAULTS, ...options };
  const { batchMax, queueMax } = settings;
  const meters = createMeters(options.metrics);
  const takeTurn = takeTurns();

  const settling = coalesce<Settlement, Settled>({
    commit: (settlements) => settleAll(db, settlements),
    takeTurn,
    clock,
    batchMax,
    queueMax,
    retries: async (failedForMs, attempt) => {
      if (failedForMs >= settings.settleRetriesMs) return false;
      await delay(Math.min(RETRY_DELAY_MS_MAX, 20 * 2 ** attempt));
      return true;
    },
    onBatch: meters.batch('settle'),
  });

  /** A reservation whose caller has given up, for a call that was never made. */
  const release = ({ id, orgId }: CallRequest, outcome: Abandonment<Reservation>): void => {
    const isHeld =
      outcome.kind === 'answered'
        ? outcome.answer.kind === 'reserved'
        : mayHaveHappened(outcome.error);
    // Settlements of calls that were made go first; what is left expires.
    if (!isHeld || settling.queued > queueMax / 2) return;
    settling
      .add({
        id,
        orgId,
        costPusd: 0n,
        inputTokens: 0,
        outputTokens: 0,
        usageSource: 'provider',
        status: 'aborted',
      })
      .catch((error: unknown) => {
        log.warn('an abandoned reservation stays until it expires', { reservation: id, error });
      });
  };

  const reserving = coalesce<CallRequest, Reservation>({
    commit: (requests) => reserveAll(db, requests),
    takeTurn,
    clock,
    batchMax,
    queueMax,
    patienceMs: settings.reservePatienceMs,
    onAbandoned: release,
    onBatch: meters.batch('reserve'),
  });
  meters.queue('reserve', () => reserving.queued);
  meters.queue('settle', () => settling.queued);

  return {
    reserve: async (request) => {
      fixedCost(request); // Throws before an implausible request can spoil a batch.
      const reservation = await reserving.add(request).catch(rethrow);
      if (reservation.kind === 'refused') meters.refused(reservation);
      return reservation;
    },
    settle: async (settlement) => {
      const { isCut, ...possible } = bookable(settlement);
      if (isCut) {
        const { id, usageSource, provider } = settlement;
        log.error('a call reported figures beyond all reason', { call: id, usageSource, provider });
      }
      const settled = await settling.add(possible).catch(rethrow);
      meters.settled(settled);
      return settled;
    },
    close: async () => {
      await reserving.close();
      await settling.close();
    },
  };
}

function rethrow(error: unknown): never {
  throw nameFault(error);
}
