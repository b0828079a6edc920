import { setTimeout as delay } from 'node:timers/promises';

import { type Clock, systemClock } from '@sagewai/clock';
import { nameFault } from '@sagewai/http';
import type { Log } from '@sagewai/log';
import { type Db, listen, type Listener } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';

import type { CallRequest, Reservation, Settled, Settlement } from './call.ts';
import { type Decision, reserveAll } from './calls.sql.ts';
import { bookable, fixedCost } from './check-call.ts';
import { type Abandonment, coalesce } from './coalesce.ts';
import { createContexts } from './contexts/create-contexts.ts';
import { type JournalPlace, openJournal } from './journal/open-journal.ts';
import { settleByJournal } from './journal/settle-journaled.ts';
import { createMeters } from './meters.ts';
import { mayHaveHappened } from './name-failure.ts';
import { settleCalls } from './settle-calls.ts';
import { Outage, type OutageSettings } from './shares/outage.ts';
import { SHARE_DEFAULTS, type ShareSettings } from './shares/share-settings.ts';
import { SharedCalls } from './shares/shared-calls.ts';
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
  /**
   * Whether calls may be admitted in memory, from shares of the budgets (S1 to S5). Without, each waits
   * for a statement of the database.
   */
  readonly shares?: ShareOptions | null;
  /** Where settlements are durable before the database has them (J1 to J4); null: nowhere else. */
  readonly journal?: JournalPlace | null;
  /** What keys that are open may spend while the database is away; null, or without shares and a journal: nothing. */
  readonly outage?: OutageSettings | null;
  /** How long a settlement is tried again; after that its reservation expires and is booked in full. */
  readonly settleRetriesMs?: number;
}

export interface ShareOptions extends Partial<ShareSettings> {
  /** A direct connection to be told of recalls; null: they are found out when shares are renewed. */
  readonly listenUrl: string | null;
}

export interface Ledger {
  /** For how long keys that are open may be relied upon while the database is away; 0: they may not. */
  readonly openForMs: number;
  /** M1, M7. Throws `service.busy` and `service.unavailable`; the call must then not be made. */
  reserve(request: CallRequest): Promise<Reservation>;
  /** M2. Resolves when it is durable. Safe to repeat: a call is settled once. */
  settle(settlement: Settlement): Promise<Settled>;
  /** Refuses further calls and waits for those that were accepted. */
  close(): Promise<void>;
}

export const LEDGER_DEFAULTS = {
  batchMax: 128,
  queueMax: 10_000,
  reservePatienceMs: 5_000,
  settleRetriesMs: 30_000,
} as const;

const RETRY_DELAY_MS_MAX = 1_000;
/** Of one call: by as many budgets as can refuse it one after the other, and hold shares. */
const RECALLS_MAX = 3;
const RECALL_CHANNEL = 'sagewai_shares';

/** The accounts of a process: coalesces its calls into one commit at a time of each kind. */
export function createLedger(options: LedgerOptions): Ledger {
  const { log, clock = systemClock } = options;
  const outage = outageOf(options, clock);
  const db = outage?.watch(options.db) ?? options.db;
  const settings = { ...LEDGER_DEFAULTS, ...options };
  const { batchMax, queueMax } = settings;
  const meters = createMeters(options.metrics);
  const takeTurn = takeTurns();
  const shares = options.shares ?? null;
  const shared =
    shares &&
    new SharedCalls({
      db,
      log,
      clock,
      takeTurn,
      outage,
      settings: { ...SHARE_DEFAULTS, ...shares },
    });
  const listener =
    shared && shares.listenUrl !== null ? hearRecalls(shared, shares.listenUrl, log) : null;

  const journal = openJournal({ ...options, db, clock, takeTurn, place: options.journal ?? null });

  const settling = coalesce<Settlement, Settled>({
    commit: (settlements) => settleCalls(db, shared, settlements),
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
    gather: journal?.gather ?? null,
  });
  const byJournal = journal && shared && settleByJournal({ journal, shared, settling, clock, log });

  /** A reservation whose caller has given up, for a call that was never made. */
  const release = (request: CallRequest, outcome: Abandonment<Decision>): void => {
    if (request.isRepeated === true) return;
    const { id, orgId } = request;
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

  const reserving = coalesce<CallRequest, Decision>({
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

  /** A refusal counts only when no share could still have admitted the call. */
  const decide = async (request: CallRequest): Promise<Decision> => {
    for (let recalls = 0; ; recalls++) {
      const decision = await reserving.add(request);
      if (decision.kind === 'reserved' || !shared) return decision;
      if (decision.inShares === 0n || recalls === RECALLS_MAX) return decision;
      await shared.recall(request.orgId, decision.budgetId);
    }
  };

  const contexts = createContexts({ db, nowMs: () => clock.monotonicMs() });
  const withContexts = async (request: CallRequest): Promise<CallRequest> =>
    request.contexts === undefined
      ? request
      : { ...request, contextIds: await contexts.keep(request, request.contexts).catch(rethrow) };

  return {
    openForMs: outage?.settings.openForMs ?? 0,
    reserve: async (request) => {
      const fixed = fixedCost(request); // Throws before an implausible request can spoil a batch.
      const sinceMs = clock.monotonicMs();
      const admitted = request.contexts === undefined ? shared?.admit(request, fixed) : null;
      const reservation = admitted ?? (await decide(await withContexts(request)).catch(rethrow));
      meters.waitedMs('reserve', clock.monotonicMs() - sinceMs);
      if (reservation.kind === 'refused') meters.refused(reservation);
      return reservation;
    },
    settle: async (settlement) => {
      const { isCut, ...possible } = bookable(settlement);
      if (isCut) {
        const { id, usageSource, provider } = settlement;
        log.error('a call reported figures beyond all reason', { call: id, usageSource, provider });
      }
      const sinceMs = clock.monotonicMs();
      const settled = await (byJournal?.(possible) ?? settling.add(possible)).catch(rethrow);
      meters.waitedMs('settle', clock.monotonicMs() - sinceMs);
      meters.settled(settled);
      return settled;
    },
    close: async () => {
      await reserving.close();
      await settling.close();
      // Before its journal is anybody's: what is not booked becomes reservations, which whoever finds it settles.
      try {
        await listener?.close();
        await shared?.close();
      } finally {
        await journal?.close();
      }
    },
  };
}

/** Null: no key is open here, which is told where somebody has said that some are. */
function outageOf(options: LedgerOptions, clock: Clock): Outage | null {
  const { outage, shares, journal, log, metrics } = options;
  if (!outage) return null;
  const needs = {
    'how long': outage.openForMs > 0,
    'how much': outage.openPusd > 0n,
    shares: Boolean(shares),
    'a journal': Boolean(journal),
  };
  const lacks = Object.entries(needs).flatMap(([need, isThere]) => (isThere ? [] : [need]));
  if (lacks.length === 0) return new Outage(outage, { log, clock, metrics });
  log.warn('keys that are open are refused while the database is away', { lacks });
  return null;
}

function hearRecalls(shared: SharedCalls, url: string, log: Log): Listener {
  return listen({
    url,
    channel: RECALL_CHANNEL,
    onMessage: (message) => shared.heed(message),
    // A recall may have been missed, and a holder that rests renews nothing for long.
    onReconnect: () => shared.giveAllBackSoon(),
    onError: (error) => log.warn('recalls of shares are not heard; renewals go on', { error }),
  });
}

function rethrow(error: unknown): never {
  throw nameFault(error);
}
