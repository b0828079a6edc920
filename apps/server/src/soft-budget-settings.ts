import type { SoftSettings } from '@sagewai/ledger';

import type { ServerConfig } from './config.ts';

/** What soft budgets and their alerts are told of the configuration. */
export const softBudgetSettings = (
  config: ServerConfig,
): {
  readonly settings: SoftSettings;
  readonly hardMarginPercent: number;
  readonly declaredPusdMax: bigint;
  readonly watchEveryMs: number;
} => ({
  settings: {
    refreshMs: config.softBudgetRefreshMs,
    ageMsMax: config.softBudgetAgeMaxMs,
    onFailure: config.softBudgetOnFailure,
  },
  hardMarginPercent: config.hardBudgetMargin,
  declaredPusdMax: BigInt(config.declaredSpendUsdMax) * 10n ** 12n,
  watchEveryMs: config.budgetAlertIntervalMs,
});
