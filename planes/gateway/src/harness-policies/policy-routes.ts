import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import { findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  createHarnessPolicy,
  deleteHarnessPolicy,
  getHarnessPolicy,
  listHarnessPolicies,
  type OrganizationId,
  type OutputOf,
  TIERS,
  updateHarnessPolicy,
} from '@sagewai/wire';

import { findPerson } from '../litellm/people.sql.ts';
import { findTeam } from '../litellm/teams.sql.ts';
import type { ModelTiers } from '../tiers/model-tier.ts';
import * as rows from './harness-policies.sql.ts';
import { type HarnessPolicy, type PolicyRule, specificityOf } from './harness-policy.ts';

const NO_SUCH = 'There is no such policy.';
// All of an organization's are looked through for a request.
const POLICIES_MAX = 500;

type Rule = BodyOf<typeof updateHarnessPolicy>;

/** For the people who say what whose requests for `auto` may cost. */
export function policyRoutes({ forget }: { readonly forget: () => void }): Route[] {
  return [
    implement(listHarnessPolicies, async ({ tx, orgId }) => ({
      policies: (await rows.listHarnessPolicies(tx, orgId)).map(toWire),
    })),

    implement(getHarnessPolicy, async ({ tx, orgId, params }) =>
      toWire(found(await rows.findHarnessPolicy(tx, orgId, params.policy_id), NO_SUCH)),
    ),

    implement(createHarnessPolicy, async ({ tx, orgId, caller, body, audit }) => {
      if ((await rows.listHarnessPolicies(tx, orgId)).length >= POLICIES_MAX) {
        throw new Fault('state.conflict', 'the organization has too many policies', {
          detail: `An organization has at most ${POLICIES_MAX} policies.`,
        });
      }
      const scope = await scopeOf(tx, orgId, body);
      const policy = await rows.insertHarnessPolicy(tx, orgId, {
        id: newId(),
        name: body.name,
        ...scope,
        priority: body.priority ?? 0,
        rule: ruleOf(body, NO_RULE),
        isEnabled: body.enabled ?? true,
        createdBy: nameActor(caller),
      });
      if (policy === null) {
        throw new Fault('resource.exists', 'a policy has this name', {
          detail: `There is a policy ${body.name} already.`,
        });
      }
      audit.about(`harness_policy:${policy.id}`, detailsOf(policy));
      tx.onCommit(forget);
      return toWire(policy);
    }),

    implement(updateHarnessPolicy, async ({ tx, orgId, params, body, audit }) => {
      const { policy_id: id } = params;
      const before = found(await rows.findHarnessPolicy(tx, orgId, id), NO_SUCH);
      const change = {
        id,
        priority: body.priority ?? before.priority,
        rule: ruleOf(body, before.rule),
        isEnabled: body.enabled ?? before.isEnabled,
      };
      const policy = found(await rows.changeHarnessPolicy(tx, orgId, change), NO_SUCH);
      audit.about(`harness_policy:${id}`, detailsOf(policy));
      tx.onCommit(forget);
      return toWire(policy);
    }),

    implement(
      deleteHarnessPolicy,
      async ({ tx, orgId, params, audit }): Promise<OutputOf<typeof deleteHarnessPolicy>> => {
        audit.about(`harness_policy:${params.policy_id}`);
        found((await rows.deleteHarnessPolicyOf(tx, orgId, params.policy_id)) || null, NO_SUCH);
        tx.onCommit(forget);
        return { status: 'ok' };
      },
    ),
  ];
}

/** Whose requests it is for: what is named has to be there, or it would be for nobody. */
async function scopeOf(
  tx: Tx,
  orgId: OrganizationId,
  { project, team_id: team, user_id: person }: BodyOf<typeof createHarnessPolicy>,
): Promise<Pick<HarnessPolicy, 'projectId' | 'teamId' | 'personId'>> {
  const projectId =
    project === undefined
      ? null
      : found(await findProject(tx, orgId, project), 'There is no such project.', 'project.missing')
          .id;
  if (team !== undefined) found(await findTeam(tx, { orgId, id: team }), 'There is no such team.');
  if (person !== undefined)
    found(await findPerson(tx, { orgId, id: person }), 'There is no such user.');
  return { projectId, teamId: team ?? null, personId: person ?? null };
}

const NO_RULE: PolicyRule = {
  forceModel: null,
  maxTier: null,
  tierOverrides: {},
  blockedModels: [],
  allowForceModel: true,
};

function ruleOf(body: Rule, before: PolicyRule): PolicyRule {
  const { force_model: force, max_tier: max, tier_overrides: overrides } = body;
  return {
    forceModel: force === undefined ? before.forceModel : force,
    maxTier: max === undefined ? before.maxTier : max,
    tierOverrides: overrides === undefined ? before.tierOverrides : tiersOf(overrides),
    blockedModels: body.blocked_models ?? before.blockedModels,
    allowForceModel: body.allow_force_model ?? before.allowForceModel,
  };
}

function tiersOf(given: NonNullable<Rule['tier_overrides']>): ModelTiers {
  return Object.fromEntries(
    TIERS.flatMap((tier) => {
      const target = given[tier] ?? null;
      return target === null ? [] : [[tier, { model: target.model, pool: target.pool ?? null }]];
    }),
  ) as ModelTiers;
}

const detailsOf = ({ name, priority, isEnabled, rule, ...of }: HarnessPolicy) => ({
  name,
  for: [of.personId, of.projectId, of.teamId].map((each) => each ?? '*').join('/'),
  priority: String(priority),
  enabled: String(isEnabled),
  rule: JSON.stringify(rule),
});

const toWire = (policy: HarnessPolicy): OutputOf<typeof getHarnessPolicy> => {
  const { rule } = policy;
  const { simple = null, medium = null, complex = null } = rule.tierOverrides;
  return {
    id: policy.id,
    name: policy.name,
    project_id: policy.projectId,
    team_id: policy.teamId,
    user_id: policy.personId,
    priority: policy.priority,
    specificity: specificityOf(policy),
    enabled: policy.isEnabled,
    force_model: rule.forceModel,
    max_tier: rule.maxTier,
    tier_overrides: { simple, medium, complex },
    blocked_models: [...rule.blockedModels],
    allow_force_model: rule.allowForceModel,
    created_by: policy.createdBy,
    created_at: policy.createdAt.toISOString(),
  };
};
