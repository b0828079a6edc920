import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';
import type { Db } from '@sagewai/postgres';
import type { Metrics } from '@sagewai/telemetry';
import type { PicoUsd } from '@sagewai/wire';

import { alertRuleRoutes } from '../budget-alerts/alert-rule-routes.ts';
import { watchJob } from '../budget-alerts/watch-budgets.ts';
import type { Ledger } from '../create-ledger.ts';
import {
  createSoftBook,
  type SoftBook,
  type SoftBookOptions,
  SOFT_DEFAULTS,
  type SoftSettings,
} from './soft-book.ts';
import { createSoftMeters } from './soft-meters.ts';
import { softRoutes } from './soft-routes.ts';
import { declareRoutes } from './spend-route.ts';

export interface SoftBudgetOptions extends Omit<SoftBookOptions, 'meters' | 'settings'> {
  readonly metrics: Metrics;
  readonly ledger: Ledger;
  readonly settings?: Partial<SoftSettings>;
  readonly hardMarginPercent?: number;
  /** What one call past the gateway is declared to have cost at most. */
  readonly declaredPusdMax?: PicoUsd;
  /** As the role of dispatch. */
  readonly dispatch: Db;
  /** Makes a job look now. */
  readonly nudge: (job: string) => void;
  readonly watchEveryMs: number;
  readonly sendsMail: boolean;
}

export interface SoftBudgets {
  /** Asked before every model call. */
  readonly judge: SoftBook['judge'];
  readonly routes: Route[];
  readonly jobs: Job[];
}

/** How far the hard limit is above the soft one, unless it is said. */
const HARD_MARGIN_PERCENT = 20;
const DECLARED_PUSD_MAX = 1_000n * 10n ** 12n;

/** What agents should spend: asked by the gateway, and by agents themselves. */
export function createSoftBudgets(options: SoftBudgetOptions): SoftBudgets {
  const { hardMarginPercent = HARD_MARGIN_PERCENT, declaredPusdMax = DECLARED_PUSD_MAX } = options;
  const meters = createSoftMeters(options.metrics);
  const settings = { ...SOFT_DEFAULTS, ...options.settings };
  const book = createSoftBook({ ...options, meters, settings });
  return {
    judge: (call) => book.judge(call),
    routes: [
      ...softRoutes({ ...options, book, hardMarginPercent }),
      ...declareRoutes({ ...options, declaredPusdMax }),
      ...alertRuleRoutes(options),
    ],
    jobs: [watchJob({ ...options, everyMs: options.watchEveryMs })],
  };
}
