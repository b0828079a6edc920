import type { Route } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';

import { accountRoutes } from './accounts/account-routes.ts';
import { organizationRoutes } from './organization-routes.ts';
import { projectRoutes } from './project-routes.ts';
import { assignmentRoutes } from './roles/assignment-routes.ts';
import { roleRoutes } from './roles/role-routes.ts';
import { serviceAccountRoutes } from './roles/service-account-routes.ts';
import type { TokenReader } from './token-reader.ts';
import { tokenRoutes } from './token-routes.ts';

export function identityRoutes(of: { readonly db: Db; readonly tokens: TokenReader }): Route[] {
  return [
    ...organizationRoutes(of),
    ...projectRoutes(),
    ...tokenRoutes(of),
    ...roleRoutes(),
    ...assignmentRoutes(),
    ...accountRoutes(),
    ...serviceAccountRoutes(),
  ];
}
