import type { Clock } from '@sagewai/clock';
import type { SealingKeys } from '@sagewai/crypto';
import type { Route } from '@sagewai/http';

import { facetRoutes } from './facet-limits/facet-routes.ts';
import { keyRoutes } from './keys/key-routes.ts';
import { budgetRoutes } from './litellm/budget-routes.ts';
import { customerRoutes } from './litellm/customer-routes.ts';
import { globalSpendRoutes } from './litellm/global-spend-routes.ts';
import { litellmKeyRoutes } from './litellm/key-routes.ts';
import { spendRoutes } from './litellm/spend-routes.ts';
import { tagRoutes } from './litellm/tag-routes.ts';
import { teamRoutes } from './litellm/team-routes.ts';
import { userRoutes } from './litellm/user-routes.ts';

/** Who may call models, within which limits, and what it has cost. */
export function administrationRoutes(of: {
  /** What is remembered of keys is asked for again. */
  readonly forget: () => void;
  readonly keys: SealingKeys;
  readonly clock: Clock;
}): readonly Route[] {
  return [
    ...keyRoutes(of),
    ...facetRoutes(),
    ...litellmKeyRoutes(of),
    ...spendRoutes(),
    ...globalSpendRoutes(of),
    ...teamRoutes(of),
    ...userRoutes(of),
    ...budgetRoutes(of),
    ...customerRoutes(),
    ...tagRoutes(),
  ];
}
