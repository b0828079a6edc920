/** Who is told when spend reaches a part of a limit. */
import { Type } from 'typebox';

import { emailAddress } from './alerts.ts';
import { endpoint } from './endpoint.ts';
import { USD_PATTERN } from './money.ts';
import { id, idOrNull, instant, orNull, textOrNull } from './schemas.ts';
import { TAG_PATTERN } from './tags.ts';
import { name } from './worker.ts';

const usd = Type.String();
const period = Type.Union([Type.Literal('day'), Type.Literal('month')]);

const alertRule = Type.Object({
  id,
  name: Type.String(),
  /** Null: the organization. */
  project_id: idOrNull,
  /** Null: all agents together. */
  agent_name: textOrNull,
  period,
  /** Null: the soft limit that there is, else the hard one. */
  limit_usd: orNull(usd),
  /** Percent of the limit. */
  thresholds: Type.Array(Type.Integer()),
  on_forecast: Type.Boolean(),
  email_to: Type.Array(Type.String()),
  created_by: Type.String(),
  created_at: instant,
});

const changeable = {
  limit_usd: Type.Optional(orNull(Type.String({ pattern: USD_PATTERN }))),
  thresholds: Type.Optional(
    Type.Array(Type.Integer({ minimum: 1, maximum: 1_000 }), {
      minItems: 1,
      maxItems: 20,
      uniqueItems: true,
      description: 'Percent of the limit; left out: 50, 80 and 100',
    }),
  ),
  on_forecast: Type.Optional(Type.Boolean()),
  /** Beside the webhooks of the organization. */
  email_to: Type.Optional(Type.Array(emailAddress, { maxItems: 20 })),
};

const own = { surface: 'own', permission: 'alert:administer', audit: 'record' } as const;
const ofRule = Type.Object({ rule_id: id });

export const listAlertRules = endpoint({
  id: 'ledger.listAlertRules',
  method: 'GET',
  path: '/api/v1/alert-rules',
  surface: 'own',
  summary: 'List who is told when spend reaches a part of a limit',
  permission: 'alert:read',
  audit: 'read',
  output: Type.Object({ rules: Type.Array(alertRule) }),
});

export const createAlertRule = endpoint({
  ...own,
  id: 'ledger.createAlertRule',
  method: 'POST',
  path: '/api/v1/alert-rules',
  summary: 'Tell people when spend of a day or a month reaches parts of its limit',
  body: Type.Object({
    name,
    /** Name or id; left out: the organization. */
    project: Type.Optional(Type.String({ minLength: 1, maxLength: 100 })),
    agent_name: Type.Optional(Type.String({ minLength: 1, maxLength: 200, pattern: TAG_PATTERN })),
    period,
    ...changeable,
  }),
  output: alertRule,
  status: 201,
});

export const updateAlertRule = endpoint({
  ...own,
  id: 'ledger.updateAlertRule',
  method: 'PATCH',
  path: '/api/v1/alert-rules/{rule_id}',
  summary: 'Change a rule; what is left out stays',
  params: ofRule,
  body: Type.Object(changeable),
  output: alertRule,
});

export const deleteAlertRule = endpoint({
  ...own,
  id: 'ledger.deleteAlertRule',
  method: 'DELETE',
  path: '/api/v1/alert-rules/{rule_id}',
  summary: 'Delete a rule',
  params: ofRule,
  output: Type.Object({ status: Type.Literal('ok') }),
});

export const ALERT_RULE_ENDPOINTS = [
  listAlertRules,
  createAlertRule,
  updateAlertRule,
  deleteAlertRule,
] as const;
