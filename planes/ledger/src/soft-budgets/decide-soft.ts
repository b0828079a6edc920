import { EVERY_AGENT, PICO_PER_USD, type PicoUsd } from '@sagewai/wire';

import {
  monthSpend,
  type SoftAction,
  type SoftLimit,
  type SoftProject,
  spendOf,
} from './soft-limit.ts';

/** A limit that is exceeded, and what that means for a call. */
export interface Exceeded {
  readonly action: SoftAction;
  readonly reason: string;
  readonly limit: SoftLimit;
  readonly window: 'day' | 'month';
}

const SEVERITY = { warn: 0, throttle: 1, stop: 2 } as const satisfies Record<SoftAction, number>;

/**
 * What is exceeded above a call of an agent: the limit of the agent, and that of the whole project. Of
 * several the severest counts; null: nothing (F1).
 */
export function decideSoft(project: SoftProject, agent: string | null): Exceeded | null {
  let severest: Exceeded | null = null;
  for (const limit of project.limits) {
    if (limit.agent !== agent && limit.agent !== EVERY_AGENT) continue;
    const exceeded = findExceeded(limit, project);
    if (exceeded === null) continue;
    if (severest === null || SEVERITY[exceeded.action] > SEVERITY[severest.action]) {
      severest = exceeded;
    }
  }
  return severest;
}

function findExceeded(limit: SoftLimit, project: SoftProject): Exceeded | null {
  const { action, dailyPusd, monthlyPusd } = limit;
  const spend = spendOf(project, limit.agent);
  if (dailyPusd !== null && spend.dayPusd > dailyPusd) {
    return { action, limit, window: 'day', reason: explain('Daily', spend.dayPusd, dailyPusd) };
  }
  const month = monthSpend(limit, spend);
  if (monthlyPusd !== null && month > monthlyPusd) {
    return { action, limit, window: 'month', reason: explain('Monthly', month, monthlyPusd) };
  }
  return null;
}

const explain = (window: string, spent: PicoUsd, limit: PicoUsd): string =>
  `${window} budget exceeded: $${fourDigits(spent)} > $${fourDigits(limit)}`;

/** Rounded down, as both sides are. */
function fourDigits(pusd: PicoUsd): string {
  const tenThousandths = ((pusd % PICO_PER_USD) * 10_000n) / PICO_PER_USD;
  return `${pusd / PICO_PER_USD}.${String(tenThousandths).padStart(4, '0')}`;
}

/** The first model of the chain that is not the one that is called. */
export const nextModel = (chain: readonly string[], current: string | undefined): string | null =>
  chain.find((model) => model !== current) ?? null;
