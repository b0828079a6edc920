import type { Route } from '@sagewai/http';
import type { Job } from '@sagewai/jobs';

import { ACTION_DEFAULTS, type ActionOptions } from './action-options.ts';
import { createCallEnds } from './call-ends.ts';
import { callRoutes } from './call-routes.ts';
import { decisionRoutes } from './decision-routes.ts';
import { actionJobs } from './jobs.ts';
import { discoverRoute } from './mcp/discover-route.ts';
import { mcpRoute } from './mcp/mcp-route.ts';
import { createToolMeters } from './meters.ts';
import type { ActionParts } from './parts.ts';
import { rateRoutes } from './rate-routes.ts';
import { createSchemas } from './schemas.ts';
import { toolRoutes } from './tool-routes.ts';

export interface Action {
  readonly routes: readonly Route[];
  readonly jobs: readonly Job[];
}

/** Everything that one replica does for tools. */
export function createAction(options: ActionOptions): Action {
  const parts: ActionParts = {
    ...options,
    schemas: createSchemas(),
    settings: { ...ACTION_DEFAULTS, ...options.settings },
    meters: createToolMeters(options.metrics),
    ends: createCallEnds(),
    offers: options.offers ?? null,
  };
  return {
    routes: [
      ...toolRoutes(parts),
      ...rateRoutes(),
      ...callRoutes(parts),
      ...decisionRoutes(parts),
      discoverRoute(parts),
      mcpRoute(parts),
    ],
    jobs: actionJobs(parts),
  };
}
