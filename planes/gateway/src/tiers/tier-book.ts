import type { Clock } from '@sagewai/clock';
import { type Db, inTenant } from '@sagewai/postgres';
import {
  type ClassifiedRequest,
  classifyComplexity,
  type Complexity,
  type OrganizationId,
  type ProjectId,
} from '@sagewai/wire';

import { listHarnessPolicies } from '../harness-policies/harness-policies.sql.ts';
import {
  choosePolicy,
  type HarnessPolicy,
  type PolicyScope,
  targetsUnder,
} from '../harness-policies/harness-policy.ts';
import { CredentialCache } from '../keys/credential-cache.ts';
import { isDatabaseAway } from '../keys/is-database-away.ts';
import type { ModelTiers, TierTarget } from './model-tier.ts';
import { readModelTiers } from './model-tiers.sql.ts';

/** For whom a tier is chosen. */
export interface ProjectName extends PolicyScope {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

/** What a request may get, best first, and why. */
export interface TierChoice {
  readonly complexity: Complexity;
  readonly targets: readonly TierTarget[];
  /** Null: the tiers of the project decide. */
  readonly policy: HarnessPolicy | null;
}

interface Known {
  readonly tiers: ModelTiers;
  /** Of the whole organization. */
  readonly policies: readonly HarnessPolicy[];
}

export interface TierBook {
  /** Null: the project has no tiers. */
  choose(of: ProjectName, request: ClassifiedRequest): Promise<TierChoice | null>;
  /** They have just changed here. */
  forget(): void;
}

// As with credentials: a change is seen everywhere within this time.
const TIERS_AGE_MS_MAX = 1_000;
const PROJECTS_MAX = 10_000;

/**
 * The tiers of projects, remembered for a moment: a busy project does not wait for the database. While that is away they are
 * remembered for as long as a key may be open.
 */
export function createTierBook({
  db,
  clock,
  openForMs = 0,
}: {
  readonly db: Db;
  readonly clock: Clock;
  readonly openForMs?: number;
}): TierBook {
  const book = new CredentialCache<Known>({
    clock,
    ageMsMax: TIERS_AGE_MS_MAX,
    entriesMax: PROJECTS_MAX,
    away: { ageMsMaxOf: () => openForMs, isAway: isDatabaseAway },
    load: async (name) => {
      const [orgId, projectId] = name.split(' ') as [OrganizationId, ProjectId];
      return inTenant(db, [orgId], async (tx) => {
        const tiers = await readModelTiers(tx, projectId);
        const policies = await listHarnessPolicies(tx, orgId);
        return Object.keys(tiers).length === 0 && policies.length === 0
          ? null
          : { tiers, policies };
      });
    },
  });
  return {
    choose: async (of, request) => {
      const { orgId, projectId } = of;
      const known = await book.get(projectId, `${orgId} ${projectId}`);
      if (known === null) return null;
      const complexity = classifyComplexity(request);
      const policy = choosePolicy(known.policies, of);
      const targets = targetsUnder(policy, known.tiers, complexity.tier);
      const isUnsaid = policy === null && Object.keys(known.tiers).length === 0;
      return isUnsaid ? null : { complexity, targets, policy };
    },
    forget: () => book.forgetAll(),
  };
}
