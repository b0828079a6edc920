export {
  type Balance,
  type Budget,
  LIMIT_KINDS,
  type Limit,
  type Limits,
  type Measure,
  type Period,
  type Scope,
  type ScopeKind,
  UNLIMITED,
} from './budget.ts';
export { type BudgetFilter, listBudgets, readBudgets, setBudgets } from './budgets.sql.ts';
export type {
  CallRequest,
  CallStatus,
  PriceCeiling,
  Refusal,
  Reservation,
  Settled,
  Settlement,
  UsageSource,
} from './call.ts';
export { checkLedger, findOrgsWithBudgets, type Mismatch } from './check-ledger.sql.ts';
export {
  createLedger,
  type Ledger,
  LEDGER_DEFAULTS,
  type LedgerOptions,
  type ShareOptions,
} from './create-ledger.ts';
export { type LedgerJobOptions, ledgerJobs } from './jobs.ts';
export { checkRollups, estimateSpendRows, type SpendMismatch } from './rollups.sql.ts';
export { ledgerRoutes } from './routes.ts';
export {
  listRunCalls,
  markRunCalls,
  type RunCall,
  type RunCallMark,
  type RunCallPlace,
} from './run-calls.sql.ts';
export type { RoutingNote } from './routing-decision.ts';
export { reportSpend } from './spend-report.sql.ts';
export type {
  ReportGroup,
  ReportName,
  ReportQuery,
  ReportSums,
  SpendReport,
} from './spend-report.ts';
export {
  listSpend,
  readSpendPage,
  type SpendFilter,
  type SpendPage,
  type SpendPlace,
  sumSpend,
  sumSpendByRun,
  sumSpendByScope,
} from './spend.sql.ts';
export type { Spend, SpendTotals } from './spend.ts';
export { moneyToWire, ratesToWire } from './to-wire.ts';
export { createSoftBudgets, type SoftBudgets } from './soft-budgets/create-soft-budgets.ts';
export type { Exceeded } from './soft-budgets/decide-soft.ts';
export type { SoftCall, SoftSettings, SoftVerdict } from './soft-budgets/soft-book.ts';
export type { ContextLimits } from './contexts/context.ts';
export { type Facet, type FacetLimit, partOf } from './facets/facet.ts';
export { dropFacetLimits, listFacetLimits, setFacetLimits } from './facets/facet-limits.sql.ts';
export { limitsOf } from './limits-of-body.ts';
