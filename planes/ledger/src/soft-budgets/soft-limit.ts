/**
 * A soft limit is what an agent of a project should spend. It is looked at before a call and never locked:
 *
 *   F1. Exceeded is what has been spent beyond the limit: as much as the limit is not more than it.
 *   F2. A call of a project without soft limits is passed without a look into the database, or a wait.
 *   F3. What a replica knows of a project's spend is at most `ageMsMax` old when it judges by it. Calls
 *       under way are not in it: beyond a limit goes at most what all replicas admit in that time, and
 *       what is then under way.
 *   F4. People are told once for a limit and window, whichever replica sees it first.
 *   F5. When the spend cannot be read, calls pass, and that is told loudly; or they do not, where it is
 *       configured so. Hard limits always refuse then.
 *
 *   D1. What is declared has ids of its own: it never counts a call of the gateway again.
 *   D2. What is declared of one call is no more than the operator says that a call can cost.
 */
import { EVERY_AGENT, type OrganizationId, type PicoUsd, type ProjectId } from '@sagewai/wire';

export type SoftAction = 'warn' | 'throttle' | 'stop';
/** A UTC calendar month, or the 30 UTC days that end today. */
export type SoftMonth = 'calendar' | 'trailing_30_days';

export interface ProjectPlace {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

export interface SoftLimit {
  /** `*`: all of the project together. */
  readonly agent: string;
  readonly dailyPusd: PicoUsd | null;
  readonly monthlyPusd: PicoUsd | null;
  readonly action: SoftAction;
  /** Models in whose order it is throttled. */
  readonly fallbackChain: readonly string[];
  readonly month: SoftMonth;
}

/** What an agent has spent, in the windows that a limit may have. */
export interface SoftSpend {
  readonly dayPusd: PicoUsd;
  readonly calendarMonthPusd: PicoUsd;
  readonly trailingPusd: PicoUsd;
}

export const NOTHING_SPENT: SoftSpend = { dayPusd: 0n, calendarMonthPusd: 0n, trailingPusd: 0n };

/** A project as it was read: its limits, and what was spent by each agent that spent anything. */
export interface SoftProject {
  /** UTC, `2026-01-31`. */
  readonly day: string;
  readonly limits: readonly SoftLimit[];
  readonly spendOf: ReadonlyMap<string, SoftSpend>;
}

/** Added up once a reading: it is asked for at every call, and agents may be as many as there are names. */
const totals = new WeakMap<SoftProject, SoftSpend>();

/** What an agent has spent; of `*`, everybody. */
export function spendOf(project: SoftProject, agent: string): SoftSpend {
  if (agent !== EVERY_AGENT) return project.spendOf.get(agent) ?? NOTHING_SPENT;
  const known = totals.get(project);
  if (known !== undefined) return known;
  let total = NOTHING_SPENT;
  for (const one of project.spendOf.values()) total = plus(total, one);
  totals.set(project, total);
  return total;
}

const plus = (left: SoftSpend, right: SoftSpend): SoftSpend => ({
  dayPusd: left.dayPusd + right.dayPusd,
  calendarMonthPusd: left.calendarMonthPusd + right.calendarMonthPusd,
  trailingPusd: left.trailingPusd + right.trailingPusd,
});

export const monthSpend = ({ month }: Pick<SoftLimit, 'month'>, spend: SoftSpend): PicoUsd =>
  month === 'calendar' ? spend.calendarMonthPusd : spend.trailingPusd;
