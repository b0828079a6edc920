/**
 * What calls of keys that are open may do while the database is away from this process. Nothing, unless the operator
 * says how much and for how long.
 *
 *   O1. They are admitted from shares alone (S1): what they can cost was taken out of every budget above them while
 *       the database was there. No budget is exceeded by an outage, on any number of replicas.
 *   O2. An organization's are admitted for `openForMs` since the database last answered, and for `openPusd` at most,
 *       by what they can cost; both are counted by this process, for each outage anew.
 *   O3. None past the day of its shares (B3), and none without a journal, where it is durable before it is answered.
 */
import type { Clock } from '@sagewai/clock';
import type { Log } from '@sagewai/log';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import { formatUsd, type OrganizationId } from '@sagewai/wire';

import { isRefusedStatement } from '../name-failure.ts';
import type { Amounts } from './share.ts';

export interface OutageSettings {
  readonly openForMs: number;
  /** Of each organization. */
  readonly openPusd: bigint;
  /** Shares of a key that is open are kept for so long after its last call. */
  readonly keptMs: number;
}

/** Of a call whose key is open; on its row, by which it is found afterwards. */
export const OUTAGE_TAG = 'during_outage';

const CALLS_HELD_MAX = 1_000;

export class Outage {
  readonly settings: OutageSettings;
  readonly #parts: { readonly log: Log; readonly clock: Clock };
  readonly #admitted: { add(labels: object): void };
  readonly #spent = new Map<OrganizationId, bigint>();
  #calls = 0;
  #answeredMs: number;
  #isAway = false;

  constructor(
    settings: OutageSettings,
    parts: { readonly log: Log; readonly clock: Clock; readonly metrics: Metrics },
  ) {
    this.settings = settings;
    this.#parts = parts;
    this.#answeredMs = parts.clock.monotonicMs();
    this.#admitted = parts.metrics.counter({
      name: 'sagewai_ledger_outage_calls_total',
      help: 'Calls of keys that are open that were admitted while the database was away.',
    });
    parts.metrics.gauge({
      name: 'sagewai_ledger_database_away',
      help: 'Whether the database last failed to answer the ledger of this process (1) or not (0).',
      collect: (gauge) => gauge.set({}, this.#isAway ? 1 : 0),
    });
  }

  get isAway(): boolean {
    return this.#isAway;
  }

  /** The database, whose answers and silences are noted. */
  watch(db: Db): Db {
    return {
      ...db,
      run: async (statement) => {
        try {
          const rows = await db.run(statement);
          this.#answered();
          return rows;
        } catch (error) {
          if (isRefusedStatement(error)) this.#answered();
          else this.#failed();
          throw error;
        }
      },
    };
  }

  /** O2. True: the call counts as admitted. */
  admit(orgId: OrganizationId, amountPusd: bigint, nowMs: number): boolean {
    const { openForMs, openPusd } = this.settings;
    if (!this.#isAway || nowMs - this.#answeredMs >= openForMs) return false;
    const spent = (this.#spent.get(orgId) ?? 0n) + amountPusd;
    if (spent > openPusd) return false;
    this.#spent.set(orgId, spent);
    this.#calls += 1;
    this.#admitted.add({});
    return true;
  }

  /** How much of each measure is held for calls like this one. */
  reserveFor([cost, tokens]: Amounts): Amounts {
    const money = Number(this.settings.openPusd);
    const calls = cost === 0 ? CALLS_HELD_MAX : Math.max(1, Math.floor(money / cost));
    const held = Math.min(calls, CALLS_HELD_MAX);
    return [cost === 0 ? 0 : money, tokens * held, held];
  }

  #answered(): void {
    this.#answeredMs = this.#parts.clock.monotonicMs();
    if (!this.#isAway) return;
    this.#isAway = false;
    const { log } = this.#parts;
    const counted = [...this.#spent].map(([organization, pusd]) => ({
      organization,
      usd: formatUsd(pusd),
    }));
    log.warn('the database answers again', { calls_meanwhile: this.#calls, at_most: counted });
    this.#spent.clear();
    this.#calls = 0;
  }

  #failed(): void {
    if (this.#isAway) return;
    this.#isAway = true;
    this.#parts.log.error('the database is away: calls of keys that are open spend what is held', {
      for_ms: this.settings.openForMs,
      usd: formatUsd(this.settings.openPusd),
    });
  }
}
