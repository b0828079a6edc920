import { formatUsd, parseUsd, type PicoUsd, type SoftLimitOnWire } from '@sagewai/wire';

import type { ProjectPlace, SoftLimit } from './soft-limit.ts';
import type { SoftLimitRow } from './soft-limits.sql.ts';

export const softLimitToWire = (
  { projectId }: Pick<ProjectPlace, 'projectId'>,
  limit: SoftLimitRow,
): SoftLimitOnWire => ({
  project_id: projectId,
  agent_name: limit.agent,
  max_daily_usd: usdOrNull(limit.dailyPusd),
  max_monthly_usd: usdOrNull(limit.monthlyPusd),
  action: limit.action,
  fallback_chain: [...limit.fallbackChain],
  month: limit.month,
  updated_at: limit.updatedAt.toISOString(),
});

interface Body {
  readonly max_daily_usd?: string | number | null;
  readonly max_monthly_usd?: string | number | null;
  readonly action?: SoftLimit['action'];
  readonly fallback_chain?: readonly string[];
  readonly month?: SoftLimit['month'];
}

export const softLimitOf = (agent: string, body: Body): SoftLimit => ({
  agent,
  dailyPusd: pusdOrNull(body.max_daily_usd),
  monthlyPusd: pusdOrNull(body.max_monthly_usd),
  action: body.action ?? 'warn',
  fallbackChain: body.fallback_chain ?? [],
  month: body.month ?? 'calendar',
});

export const usdOrNull = (pusd: PicoUsd | null): string | null =>
  pusd === null ? null : formatUsd(pusd);

const FRACTION_DIGITS = 12;

/** A number is what it is written as, to the pico-dollar. */
export function pusdOf(usd: string | number): PicoUsd {
  return parseUsd(typeof usd === 'number' ? usd.toFixed(FRACTION_DIGITS) : usd);
}

const pusdOrNull = (usd: string | number | null | undefined): PicoUsd | null =>
  usd === undefined || usd === null ? null : pusdOf(usd);
