import { type Job, job } from '@sagewai/jobs';
import type { Log } from '@sagewai/log';
import { type Db, inTenant, type Tx } from '@sagewai/postgres';
import { appendAudit, raiseAlert, raiseEmail } from '@sagewai/trust';
import { formatUsd, type OrganizationId } from '@sagewai/wire';

import { forecast } from '../soft-budgets/forecast.ts';
import { claimNotice } from '../soft-budgets/soft-limits.sql.ts';
import type { AlertRule } from './alert-rule.ts';
import {
  findOrgsWithRules,
  forgetNotices,
  listRules,
  readRuleStates,
  type RuleState,
} from './alert-rules.sql.ts';
import { findReached, type Mark } from './find-reached.ts';

const SYSTEM = 'system:ledger';

export interface WatchOptions {
  /** As the role of requests. */
  readonly db: Db;
  /** As the role of dispatch. */
  readonly dispatch: Db;
  readonly log: Log;
  readonly everyMs: number;
  /** Makes a job look now. */
  readonly nudge: (job: string) => void;
}

export function watchJob(options: WatchOptions): Job {
  return job({
    name: 'ledger.watchBudgets',
    everyMs: options.everyMs,
    runsOn: 'leader',
    converges: 'everybody who wants to know has been told what spend has reached',
    ifItNeverRuns: 'nobody is told before a limit refuses',
    run: async (signal) => {
      for (const orgId of await findOrgsWithRules(options.dispatch)) {
        if (signal.aborted) return;
        // One that fails stands in nobody's way.
        await watchBudgets(options, orgId).catch((error: unknown) => {
          options.log.error('nobody was told what budgets come to; it is tried again', {
            orgId,
            error,
          });
        });
      }
    },
  });
}

/** Tells what the rules of an organization have reached, and nobody has told. Two may do so at once (F6). */
export async function watchBudgets(
  { db, nudge }: Pick<WatchOptions, 'db' | 'nudge'>,
  orgId: OrganizationId,
): Promise<void> {
  await inTenant(db, [orgId], async (tx) => {
    const rules = new Map((await listRules(tx)).map((rule) => [rule.id, rule]));
    let told = 0;
    for (const state of await readRuleStates(tx, orgId)) {
      const rule = rules.get(state.ruleId);
      if (rule !== undefined) told += await tellReached(tx, orgId, { rule, state });
    }
    await forgetNotices(tx);
    if (told === 0) return;
    tx.onCommit(() => {
      nudge('trust.deliver');
      nudge('trust.sendEmails');
    });
  });
}

async function tellReached(
  tx: Tx,
  orgId: OrganizationId,
  { rule, state }: { readonly rule: AlertRule; readonly state: RuleState },
): Promise<number> {
  const { limit, spent, now, openedOn } = state;
  if (limit === null) return 0;
  const pace = forecast({ dayPusd: spent, monthPusd: spent }, now);
  const end = rule.period === 'day' ? pace.endOfDayPusd : pace.endOfMonthPusd;
  const ahead = rule.onForecast ? end : null;
  let told = 0;
  for (const mark of findReached({ spent, limit, ahead }, rule.thresholds)) {
    if (!(await claimNotice(tx, { orgId, subject: `rule:${rule.id}`, openedOn, mark }))) continue;
    told++;
    const data = {
      rule: rule.name,
      project_id: rule.projectId,
      agent_name: rule.agent,
      period: rule.period,
      window_from: openedOn,
      threshold_percent: mark === 'forecast' ? null : Number(mark),
      spent_usd: formatUsd(spent),
      limit_usd: formatUsd(limit),
      forecast_usd: formatUsd(end),
    };
    const raised = { orgId, type: 'budget.threshold', at: now, data } as const;
    await raiseAlert(tx, raised);
    await raiseEmail(tx, { ...raised, title: titleOf(rule, mark), receivers: rule.receivers });
    await appendAudit(tx, {
      orgId,
      actor: SYSTEM,
      action: 'budget.threshold',
      subject: `alert_rule:${rule.id}`,
      outcome: 'ok',
      requestId: '',
      details: { rule: rule.name, mark, spent_usd: data.spent_usd, limit_usd: data.limit_usd },
    });
  }
  return told;
}

function titleOf({ name, period }: AlertRule, mark: Mark): string {
  const of = period === 'day' ? 'today' : 'this month';
  return mark === 'forecast'
    ? `${name}: ${of} leads beyond the limit`
    : `${name}: ${mark} % of the limit are spent ${of}`;
}
