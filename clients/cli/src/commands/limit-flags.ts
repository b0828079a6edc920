import { type Command, InvalidArgumentError } from 'commander';

import { integer } from '../command.ts';

// A flag's value cannot be null.
const NONE = 'none';

/** What a scope may use up, as flags: the same of a key, a project and the organization. */
export interface LimitFlags {
  readonly usdPerHour?: string;
  readonly usdPerDay?: string;
  readonly usdPerWeek?: string;
  readonly usdPerMonth?: string;
  readonly usdPer30Days?: string;
  readonly usdInTotal?: string;
  readonly tokensPerMinute?: number | typeof NONE;
  readonly requestsPerMinute?: number | typeof NONE;
}

type Limit = keyof LimitFlags;

const LIMITS = {
  usdPerHour: { flag: '--usd-per-hour <usd>', says: 'budget of an hour (UTC), as 12.50' },
  usdPerDay: { flag: '--usd-per-day <usd>', says: 'daily budget' },
  usdPerWeek: { flag: '--usd-per-week <usd>', says: 'weekly budget, from Sunday' },
  usdPerMonth: { flag: '--usd-per-month <usd>', says: 'monthly budget' },
  usdPer30Days: { flag: '--usd-per-30-days <usd>', says: 'budget of the 30 days that end now' },
  usdInTotal: { flag: '--usd-in-total <usd>', says: 'budget that never resets' },
  tokensPerMinute: { flag: '--tokens-per-minute <n>', says: 'in any 60 seconds' },
  requestsPerMinute: { flag: '--requests-per-minute <n>', says: 'in any 60 seconds' },
} as const satisfies Record<Limit, { flag: string; says: string }>;

const WIRE = {
  usdPerHour: 'usd_per_hour',
  usdPerDay: 'usd_per_day',
  usdPerWeek: 'usd_per_week',
  usdPerMonth: 'usd_per_month',
  usdPer30Days: 'usd_per_30_days',
  usdInTotal: 'usd_in_total',
  tokensPerMinute: 'tokens_per_minute',
  requestsPerMinute: 'requests_per_minute',
} as const satisfies Record<Limit, string>;

type WireName = (typeof WIRE)[Limit];
type WireLimits = Readonly<Record<WireName, string | number | null>>;

const NAMES = Object.keys(LIMITS) as Limit[];

/** `removable`: `none` takes a limit away. */
export function withLimits(
  command: Command,
  { removable }: { readonly removable: boolean },
): Command {
  for (const name of NAMES) {
    const { flag, says } = LIMITS[name];
    const read = flag.endsWith('<n>') ? integer : usd;
    command.option(flag, removable ? `${says}; none: no limit` : says, (text: string) =>
      removable && text === NONE ? NONE : read(text),
    );
  }
  return command;
}

/** Those that were given, by their names on the wire. */
export function limitsOf(flags: LimitFlags): Partial<WireLimits> {
  return Object.fromEntries(
    NAMES.flatMap((name) => {
      const value = flags[name];
      return value === undefined ? [] : [[WIRE[name], value === NONE ? null : value]];
    }),
  );
}

const SAYS = {
  usd_per_hour: (limit) => `$${limit}/hour`,
  usd_per_day: (limit) => `$${limit}/day`,
  usd_per_week: (limit) => `$${limit}/week`,
  usd_per_month: (limit) => `$${limit}/month`,
  usd_per_30_days: (limit) => `$${limit} in 30 days`,
  usd_in_total: (limit) => `$${limit} in total`,
  tokens_per_minute: (limit) => `${limit} tokens/min`,
  requests_per_minute: (limit) => `${limit} requests/min`,
} as const satisfies Record<WireName, (limit: string | number) => string>;

export function showLimits(limits: Partial<WireLimits>): string {
  const shown = (Object.keys(SAYS) as WireName[]).flatMap((name) => {
    const limit = limits[name];
    return limit === undefined || limit === null ? [] : [SAYS[name](limit)];
  });
  return shown.join(', ') || 'none';
}

function usd(text: string): string {
  if (!/^[0-9]+(\.[0-9]{1,12})?$/.test(text)) {
    throw new InvalidArgumentError('expected US dollars, as 12.50');
  }
  return text;
}
