import { Fault } from '@sagewai/fault';
import { type Caller, isAllowed } from '@sagewai/http';

/** What limits the spend or the rates of whoever has it. */
const LIMITING = [
  'budget_id',
  'max_budget',
  'budget_duration',
  'budget_limits',
  'tpm_limit',
  'rpm_limit',
  'model_max_budget',
  'model_tpm_limit',
  'model_rpm_limit',
] as const;

/** Teams and people are administered with `team:write`; what they may spend is a budget, whoever says it. */
export function demandToLimit(caller: Caller, fields: Readonly<Record<string, unknown>>): void {
  const named = LIMITING.find((name) => fields[name] !== undefined);
  if (named === undefined || isAllowed('budget:write', caller)) return;
  throw new Fault('caller.forbidden', `${caller.kind} limits without budget:write`, {
    detail: `${named} sets a budget: this credential does not have the permission budget:write.`,
  });
}
