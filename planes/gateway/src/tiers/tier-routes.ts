import { Fault } from '@sagewai/fault';
import { type Caller, found, implement, type Route } from '@sagewai/http';
import { boundProject, findProject } from '@sagewai/identity';
import type { Tx } from '@sagewai/postgres';
import {
  type BodyOf,
  classifyComplexity,
  getModelTiers,
  type OrganizationId,
  type OutputOf,
  type ProjectId,
  setModelTiers,
  testClassify,
  TIERS,
} from '@sagewai/wire';

import { listHarnessPolicies } from '../harness-policies/harness-policies.sql.ts';
import { choosePolicy, targetsUnder } from '../harness-policies/harness-policy.ts';
import { policyRoutes } from '../harness-policies/policy-routes.ts';
import type { ModelTiers } from './model-tier.ts';
import { readModelTiers, replaceModelTiers } from './model-tiers.sql.ts';

/** For the people who say which model is good enough for what. */
export function tierRoutes({ forget }: { readonly forget: () => void }): Route[] {
  return [
    ...policyRoutes({ forget }),
    implement(getModelTiers, async ({ tx, orgId, caller, params }) => {
      const projectId = await demandProject(tx, { orgId, caller, named: params.project });
      return toWire(projectId, await readModelTiers(tx, projectId));
    }),

    implement(setModelTiers, async ({ tx, orgId, caller, params, body, audit }) => {
      const projectId = await demandProject(tx, { orgId, caller, named: params.project });
      const tiers = tiersOf(body);
      audit.about(`project:${projectId}`, { model_tiers: JSON.stringify(tiers) });
      await replaceModelTiers(tx, { orgId, projectId }, tiers);
      tx.onCommit(forget);
      return toWire(projectId, tiers);
    }),

    implement(testClassify, async ({ tx, orgId, caller, body }) => {
      const complexity = classifyComplexity(body);
      const { projectId } = caller;
      if (projectId === null) {
        throw new Fault('project.missing', 'a request is of no project', {
          detail: 'Name the project of the request in X-Project-ID.',
        });
      }
      const { team_id: teamId, user_id: personId } = body;
      const policies = await listHarnessPolicies(tx, orgId);
      const policy = choosePolicy(policies, { projectId, teamId, personId });
      const tiers = await readModelTiers(tx, projectId);
      const [target] = targetsUnder(policy, tiers, complexity.tier);
      const { model = null, pool = null } = target ?? {};
      return { ...complexity, model, pool, policy: policy?.name ?? null };
    }),
  ];
}

/** A token that is bound to a project does not know of the others. */
async function demandProject(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly caller: Caller; readonly named: string },
): Promise<ProjectId> {
  const project = await findProject(tx, of.orgId, of.named);
  const bound = boundProject(of.caller);
  const within = bound === null || project?.id === bound ? project : null;
  return found(within, 'There is no such project.', 'project.missing').id;
}

function tiersOf(body: BodyOf<typeof setModelTiers>): ModelTiers {
  const given = TIERS.flatMap((tier) => {
    const target = body[tier] ?? null;
    return target === null ? [] : [[tier, { model: target.model, pool: target.pool ?? null }]];
  });
  return Object.fromEntries(given) as ModelTiers;
}

function toWire(projectId: ProjectId, tiers: ModelTiers): OutputOf<typeof getModelTiers> {
  const { simple = null, medium = null, complex = null } = tiers;
  return { project_id: projectId, simple, medium, complex };
}
