/**
 * A budget is a limit of one scope (an organization, a project, a team …) on one measure in one period,
 * with the balance of its current window. A scope without limit has none, and costs nothing to pass.
 *
 *   B1. Hours, days, weeks (from Sunday) and months are those of UTC; a `total` never ends. A `minute`
 *       slides: what is counted at any instant covers at least the 60 seconds before it, and at most
 *       one second more. So do `30_days`, by days of UTC.
 *   B2. The database's clock decides, read after the locks are held, and it never goes back for a
 *       budget: a call is admitted at or after everything that its budgets already hold.
 *   B3. A call is charged to the window that admitted it, up to what it reserved; what exceeds that is
 *       charged to the window in which it is settled. Each happens at most once.
 *   B4. Balances are a cache of rows: `settled` is the sum of spend and of lost shares, `reserved` the
 *       sum of open reservations and of shares of the window. `checkLedger` compares them.
 *   B5. A call counts in exactly the budgets that exist above it: limits change only while nothing of
 *       the organization is being reserved or settled, and a new limit starts from what the rows say.
 *   B6. Parts of scopes, of one model, session …: `facets/facet.ts`.
 *
 * The lock order is: open reservations by id, the organization's limits (shared), holdings by id,
 * budgets by id, the audit chain's head.
 */
import type { OrganizationId } from '@sagewai/wire';

export type ScopeKind =
  | 'organization'
  | 'project'
  | 'team'
  | 'person'
  | 'key'
  | 'context'
  /** Parts of the others: `facets/facet.ts`. */
  | 'model'
  | 'session'
  | 'agent'
  | 'tag'
  | 'end_user';
export type Measure = 'cost' | 'tokens' | 'requests';
export type Period = 'minute' | 'hour' | 'day' | 'week' | 'month' | '30_days' | 'total';

/** B1. Whether what it counts leaves its window bit by bit, not all at once. */
export const isSliding = (period: Period): period is 'minute' | '30_days' =>
  period === 'minute' || period === '30_days';

/** What limits apply to. Every call is under its organization and its project, and under its key, the
 *  team and the person of the key if it has them, and under the contexts that it is made in. */
export interface Scope {
  readonly orgId: OrganizationId;
  readonly kind: ScopeKind;
  /** The identifier of what it is. */
  readonly id: string;
}

export interface Limit {
  readonly measure: Measure;
  readonly period: Period;
  /** Pico-USD, tokens or requests. 0 is a limit: nothing that costs anything passes. */
  readonly amount: bigint;
}

/** The limits that people set: null is none. */
export interface Limits {
  readonly usdPerHour: bigint | null;
  readonly usdPerDay: bigint | null;
  readonly usdPerWeek: bigint | null;
  readonly usdPerMonth: bigint | null;
  /** Those that end now; a month is the calendar's. */
  readonly usdPer30Days: bigint | null;
  readonly usdInTotal: bigint | null;
  readonly tokensPerMinute: bigint | null;
  readonly requestsPerMinute: bigint | null;
}

export const UNLIMITED: Limits = {
  usdPerHour: null,
  usdPerDay: null,
  usdPerWeek: null,
  usdPerMonth: null,
  usdPer30Days: null,
  usdInTotal: null,
  tokensPerMinute: null,
  requestsPerMinute: null,
};

export const LIMIT_KINDS = {
  usdPerHour: { measure: 'cost', period: 'hour' },
  usdPerDay: { measure: 'cost', period: 'day' },
  usdPerWeek: { measure: 'cost', period: 'week' },
  usdPerMonth: { measure: 'cost', period: 'month' },
  usdPer30Days: { measure: 'cost', period: '30_days' },
  usdInTotal: { measure: 'cost', period: 'total' },
  tokensPerMinute: { measure: 'tokens', period: 'minute' },
  requestsPerMinute: { measure: 'requests', period: 'minute' },
} as const satisfies Record<keyof Limits, Omit<Limit, 'amount'>>;

/** Where the current window of a limit stands. */
export interface Balance extends Limit {
  readonly settled: bigint;
  readonly reserved: bigint;
  /** Null where the window slides, and for a total. */
  readonly resetsAt: Date | null;
}

export interface Budget {
  readonly scope: Scope;
  readonly limits: Limits;
  readonly balances: readonly Balance[];
}

export function listLimits(limits: Limits): Limit[] {
  return limitNames.flatMap((name) => {
    const amount = limits[name];
    return amount === null ? [] : [{ ...LIMIT_KINDS[name], amount }];
  });
}

/** The named limits among any; a limit without a name is only among the balances. */
export function nameLimits(limits: readonly Limit[]): Limits {
  const amountOf = (name: keyof Limits): bigint | null => {
    const { measure, period } = LIMIT_KINDS[name];
    return (
      limits.find((limit) => limit.measure === measure && limit.period === period)?.amount ?? null
    );
  };
  return {
    usdPerHour: amountOf('usdPerHour'),
    usdPerDay: amountOf('usdPerDay'),
    usdPerWeek: amountOf('usdPerWeek'),
    usdPerMonth: amountOf('usdPerMonth'),
    usdPer30Days: amountOf('usdPer30Days'),
    usdInTotal: amountOf('usdInTotal'),
    tokensPerMinute: amountOf('tokensPerMinute'),
    requestsPerMinute: amountOf('requestsPerMinute'),
  };
}

const limitNames = Object.keys(LIMIT_KINDS) as readonly (keyof Limits)[];
