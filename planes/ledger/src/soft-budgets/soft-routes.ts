import type { Clock } from '@sagewai/clock';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route, type TenantInput } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import {
  checkBudget,
  createSoftLimit,
  deleteSoftLimit,
  EVERY_AGENT,
  formatUsd,
  getBudgetStatus,
  listSoftLimits,
  type OutputOf,
  setSoftLimit,
} from '@sagewai/wire';

import { readBudgets, setBudgets } from '../budgets.sql.ts';
import { adviseHard } from './advise-hard.ts';
import { decideSoft, nextModel } from './decide-soft.ts';
import { forecast } from './forecast.ts';
import { projectOf } from './project-of.ts';
import type { SoftBook } from './soft-book.ts';
import { monthSpend, type ProjectPlace, type SoftLimit, spendOf } from './soft-limit.ts';
import {
  dropSoftLimit,
  listSoftLimits as readSoftLimits,
  putSoftLimit,
  readSoftProject,
  type SoftLimitRow,
} from './soft-limits.sql.ts';
import { softLimitOf, softLimitToWire, usdOrNull } from './soft-to-wire.ts';

const NO_SUCH_LIMIT = 'The agent has no soft limit.';
const LIMITS_MAX = 1_000;

export interface SoftRouteOptions {
  readonly clock: Clock;
  readonly book: Pick<SoftBook, 'forget'>;
  /** How far the advised hard limit is above the soft one. */
  readonly hardMarginPercent: number;
}

type Asked = Pick<TenantInput, 'tx' | 'orgId' | 'caller'> & {
  readonly query: { readonly project?: string };
};

/** What agents should spend, for the people who say so and for the agents that ask. */
export function softRoutes({ clock, book, hardMarginPercent }: SoftRouteOptions): Route[] {
  const place = async ({ tx, orgId, caller, query }: Asked): Promise<ProjectPlace> => ({
    orgId,
    projectId: await projectOf(tx, { orgId, caller, named: query.project }),
  });
  const put = async (
    tx: Tx,
    of: ProjectPlace,
    given: { readonly limit: SoftLimit; readonly setHard: boolean },
  ): Promise<OutputOf<typeof setSoftLimit>> => {
    const { limit, setHard } = given;
    if (setHard && limit.agent !== EVERY_AGENT) throw onlyOfProjects();
    const row = await putSoftLimit(tx, of, limit);
    const hard = adviseHard(limit, hardMarginPercent);
    const isSet = setHard && (await setWhereNone(tx, of, hard));
    tx.onCommit(() => book.forget(of.projectId));
    return {
      ...softLimitToWire(of, row),
      advised_hard: {
        usd_per_day: usdOrNull(hard.usdPerDay),
        usd_per_month: usdOrNull(hard.usdPerMonth),
        is_set: isSet,
      },
    };
  };

  return [
    implement(listSoftLimits, async (input) => {
      const of = await place(input);
      const limits = await readSoftLimits(input.tx, of);
      return { limits: limits.map((limit) => softLimitToWire(of, limit)) };
    }),

    implement(createSoftLimit, async (input) => {
      const { tx, body, audit } = input;
      const of = await place(input);
      const limit = softLimitOf(body.agent_name, body);
      if ((await readSoftLimits(tx, of)).length >= LIMITS_MAX) {
        throw new Fault('state.conflict', 'the project has too many soft limits', {
          detail: `A project has soft limits for at most ${LIMITS_MAX} agents.`,
        });
      }
      audit.about(`project:${of.projectId}`, detailsOf(limit));
      return put(tx, of, { limit, setHard: body.set_hard === true });
    }),

    implement(setSoftLimit, async (input) => {
      const { tx, body, params, audit } = input;
      const of = await place(input);
      const limit = softLimitOf(params.agent, body);
      audit.about(`project:${of.projectId}`, detailsOf(limit));
      return put(tx, of, { limit, setHard: body.set_hard === true });
    }),

    implement(deleteSoftLimit, async (input): Promise<OutputOf<typeof deleteSoftLimit>> => {
      const { tx, params, audit } = input;
      const of = await place(input);
      audit.about(`project:${of.projectId}`, { agent_name: params.agent });
      found((await dropSoftLimit(tx, of, params.agent)) || null, NO_SUCH_LIMIT);
      tx.onCommit(() => book.forget(of.projectId));
      return { status: 'ok' };
    }),

    implement(getBudgetStatus, async (input) => {
      const of = await place(input);
      const { agent } = input.params;
      const project = await readSoftProject(input.tx, of);
      const limit = (project.limits as readonly SoftLimitRow[]).find((one) => one.agent === agent);
      const spend = spendOf(project, agent);
      const ofMonth = limit === undefined ? spend.calendarMonthPusd : monthSpend(limit, spend);
      const isOfMonth =
        limit !== undefined && limit.dailyPusd === null && limit.monthlyPusd !== null;
      const current = isOfMonth ? ofMonth : spend.dayPusd;
      const amount = isOfMonth ? limit.monthlyPusd : (limit?.dailyPusd ?? null);
      const left = amount === null ? null : amount > current ? amount - current : 0n;
      const ahead = forecast({ ...spend, monthPusd: spend.calendarMonthPusd }, clock.now());
      return {
        agent_name: agent,
        limit: limit === undefined ? null : softLimitToWire(of, limit),
        current_spend_usd: formatUsd(current),
        remaining_usd: usdOrNull(left),
        status: decideSoft(project, agent)?.action ?? ('allow' as const),
        daily_spend_usd: formatUsd(spend.dayPusd),
        monthly_spend_usd: formatUsd(ofMonth),
        forecast: {
          end_of_day_usd: formatUsd(ahead.endOfDayPusd),
          end_of_month_usd: formatUsd(ahead.endOfMonthPusd),
        },
      };
    }),

    implement(checkBudget, async (input) => {
      const { body } = input;
      const project = await readSoftProject(input.tx, await place(input));
      const exceeded = decideSoft(project, body.agent_name);
      const spend = spendOf(project, body.agent_name);
      const own = project.limits.find(({ agent }) => agent === body.agent_name);
      return {
        allowed: exceeded?.action !== 'stop',
        action: exceeded?.action ?? ('allow' as const),
        reason: exceeded?.reason ?? null,
        daily_spend: formatUsd(spend.dayPusd),
        monthly_spend: formatUsd(monthSpend(own ?? { month: 'calendar' }, spend)),
        fallback_model:
          exceeded?.action === 'throttle'
            ? nextModel(exceeded.limit.fallbackChain, body.model)
            : null,
      };
    }),
  ];
}

/** The hard limits of the project, where it has none of that window; true: there are some now. */
async function setWhereNone(
  tx: Tx,
  { orgId, projectId }: ProjectPlace,
  hard: ReturnType<typeof adviseHard>,
): Promise<boolean> {
  const scope = { orgId, kind: 'project', id: projectId } as const;
  const { limits } = await readBudgets(tx, scope);
  const usdPerDay = limits.usdPerDay ?? hard.usdPerDay;
  const usdPerMonth = limits.usdPerMonth ?? hard.usdPerMonth;
  if (usdPerDay === limits.usdPerDay && usdPerMonth === limits.usdPerMonth) return false;
  await setBudgets(tx, scope, { ...limits, usdPerDay, usdPerMonth });
  return true;
}

const detailsOf = (limit: SoftLimit): Record<string, string | null> => ({
  agent_name: limit.agent,
  max_daily_usd: usdOrNull(limit.dailyPusd),
  max_monthly_usd: usdOrNull(limit.monthlyPusd),
  budget_action: limit.action,
  fallback_chain: limit.fallbackChain.join(' '),
});

function onlyOfProjects(): Fault {
  return new Fault('request.invalid', 'a hard limit is asked for beside that of an agent', {
    detail: 'set_hard is for `*`: a hard limit is one of the whole project.',
    mistakes: [{ part: 'body', path: '/set_hard', message: 'is for agent_name `*`' }],
  });
}
