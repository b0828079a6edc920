import type { Clock } from '@sagewai/clock';
import { type Db, inTenant } from '@sagewai/postgres';
import {
  type ClassifiedRequest,
  classifyComplexity,
  type Complexity,
  type OrganizationId,
  type ProjectId,
} from '@sagewai/wire';

import { CredentialCache } from '../keys/credential-cache.ts';
import { type ModelTiers, targetsFor, type TierTarget } from './model-tier.ts';
import { readModelTiers } from './model-tiers.sql.ts';

/** For whom a tier is chosen. */
export interface ProjectName {
  readonly orgId: OrganizationId;
  readonly projectId: ProjectId;
}

/** What a request may get, best first, and why. */
export interface TierChoice {
  readonly complexity: Complexity;
  readonly targets: readonly TierTarget[];
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

/** The tiers of projects, remembered for a moment: a busy project does not wait for the database. */
export function createTierBook({
  db,
  clock,
}: {
  readonly db: Db;
  readonly clock: Clock;
}): TierBook {
  const book = new CredentialCache<ModelTiers>({
    clock,
    ageMsMax: TIERS_AGE_MS_MAX,
    entriesMax: PROJECTS_MAX,
    load: async (name) => {
      const [orgId, projectId] = name.split(' ') as [OrganizationId, ProjectId];
      const tiers = await inTenant(db, [orgId], (tx) => readModelTiers(tx, projectId));
      return Object.keys(tiers).length === 0 ? null : tiers;
    },
  });
  return {
    choose: async ({ orgId, projectId }, request) => {
      const tiers = await book.get(projectId, `${orgId} ${projectId}`);
      if (tiers === null) return null;
      const complexity = classifyComplexity(request);
      return { complexity, targets: targetsFor(tiers, complexity.tier) };
    },
    forget: () => book.forgetAll(),
  };
}
