import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  createAlertRule,
  deleteAlertRule,
  listAlertRules,
  type OutputOf,
  parseUsd,
  type ProjectId,
  updateAlertRule,
} from '@sagewai/wire';

import { usdOrNull } from '../soft-budgets/soft-to-wire.ts';
import { type AlertRule, THRESHOLDS } from './alert-rule.ts';
import { changeRule, deleteRule, insertRule, listRules } from './alert-rules.sql.ts';

const NO_SUCH_RULE = 'There is no such rule.';
const RULES_MAX = 200;

export interface AlertRuleOptions {
  /** Whether this server sends e-mail. */
  readonly sendsMail: boolean;
}

/** For the people who want to know. */
export function alertRuleRoutes({ sendsMail }: AlertRuleOptions): Route[] {
  const checkReceivers = (receivers: readonly string[] | undefined): void => {
    if (sendsMail || receivers === undefined || receivers.length === 0) return;
    throw new Fault('state.conflict', 'this server sends no e-mail', {
      detail: 'This server sends no e-mail: its operator has to set SMTP_URL.',
    });
  };
  return [
    implement(listAlertRules, async ({ tx, caller }) => {
      const bound = boundProject(caller);
      const rules = (await listRules(tx)).filter((rule) => isWithin(bound, rule));
      return { rules: rules.map(toWire) };
    }),

    implement(createAlertRule, async ({ tx, orgId, body, caller, audit }) => {
      checkReceivers(body.email_to);
      const bound = boundProject(caller);
      const project =
        body.project === undefined ? null : await findProject(tx, orgId, body.project);
      const projectId =
        body.project === undefined
          ? bound
          : found(
              bound === null || project?.id === bound ? project : null,
              'There is no such project.',
              'project.missing',
            ).id;
      if (body.agent_name !== undefined && projectId === null) throw agentOfNobody();
      if ((await listRules(tx)).length >= RULES_MAX) {
        throw new Fault('state.conflict', 'the organization has too many alert rules', {
          detail: `An organization has at most ${RULES_MAX} rules.`,
        });
      }
      const rule = await insertRule(tx, orgId, {
        name: body.name,
        projectId,
        agent: body.agent_name ?? null,
        period: body.period,
        limitPusd: limitOf(body.limit_usd) ?? null,
        thresholds: body.thresholds ?? THRESHOLDS,
        onForecast: body.on_forecast ?? false,
        receivers: body.email_to ?? [],
        createdBy: `${caller.kind}:${caller.id}`,
      });
      if (rule === null) {
        throw new Fault('resource.exists', 'an alert rule has this name', {
          detail: 'There is a rule of this name.',
        });
      }
      audit.about(`alert_rule:${rule.id}`, { name: rule.name, period: rule.period });
      return toWire(rule);
    }),

    implement(updateAlertRule, async ({ tx, params, body, caller, audit }) => {
      await demand(tx, caller, params.rule_id);
      checkReceivers(body.email_to);
      audit.about(`alert_rule:${params.rule_id}`);
      const rule = await changeRule(tx, {
        id: params.rule_id,
        limitPusd: limitOf(body.limit_usd),
        thresholds: body.thresholds ?? null,
        onForecast: body.on_forecast ?? null,
        receivers: body.email_to ?? null,
      });
      return toWire(found(rule, NO_SUCH_RULE));
    }),

    implement(
      deleteAlertRule,
      async ({ tx, params, caller, audit }): Promise<OutputOf<typeof deleteAlertRule>> => {
        await demand(tx, caller, params.rule_id);
        audit.about(`alert_rule:${params.rule_id}`);
        found((await deleteRule(tx, params.rule_id)) || null, NO_SUCH_RULE);
        return { status: 'ok' };
      },
    ),
  ];
}

/** A credential of a project has to do with the rules of it alone. */
const isWithin = (bound: ProjectId | null, { projectId }: AlertRule): boolean =>
  bound === null || projectId === bound;

async function demand(tx: Tx, caller: Caller, id: string): Promise<void> {
  const bound = boundProject(caller);
  const rule = (await listRules(tx)).find((each) => each.id === id && isWithin(bound, each));
  found(rule ?? null, NO_SUCH_RULE);
}

/** Undefined: it is not said. */
function limitOf(usd: string | null | undefined): bigint | null | undefined {
  if (usd === undefined || usd === null) return usd;
  const pusd = parseUsd(usd);
  if (pusd > 0n) return pusd;
  throw new Fault('request.invalid', 'a limit of nothing has no parts', {
    detail: 'limit_usd must be more than 0.',
    mistakes: [{ part: 'body', path: '/limit_usd', message: 'must be more than 0' }],
  });
}

function agentOfNobody(): Fault {
  return new Fault('request.invalid', 'an agent is of a project', {
    detail: 'agent_name needs a project.',
    mistakes: [{ part: 'body', path: '/project', message: 'is needed with agent_name' }],
  });
}

const toWire = (rule: AlertRule): OutputOf<typeof createAlertRule> => ({
  id: rule.id,
  name: rule.name,
  project_id: rule.projectId,
  agent_name: rule.agent,
  period: rule.period,
  limit_usd: usdOrNull(rule.limitPusd),
  thresholds: [...rule.thresholds],
  on_forecast: rule.onForecast,
  email_to: [...rule.receivers],
  created_by: rule.createdBy,
  created_at: rule.createdAt.toISOString(),
});
