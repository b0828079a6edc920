import type { SoftSettings } from '@sagewai/ledger';

import type { ServerConfig } from './config.ts';

/** What soft budgets and their alerts are told of the configuration. */
export const softBudgetSettings = (
  config: ServerConfig,
): {
  readonly settings: SoftSettings;
  readonly hardMarginPercent: number;
  readonly watchEveryMs: number;
} => ({
  settings: {
    refreshMs: config.softBudgetRefreshMs,
    ageMsMax: config.softBudgetAgeMaxMs,
    onFailure: config.softBudgetOnFailure,
  },
  hardMarginPercent: config.hardBudgetMargin,
  watchEveryMs: config.budgetAlertIntervalMs,
});
