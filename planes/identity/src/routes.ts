import type { Route } from '@sagewai/http';
import type { Db } from '@sagewai/postgres';

import { organizationRoutes } from './organization-routes.ts';
import { projectRoutes } from './project-routes.ts';
import type { TokenReader } from './token-reader.ts';
import { tokenRoutes } from './token-routes.ts';

export function identityRoutes(of: { readonly db: Db; readonly tokens: TokenReader }): Route[] {
  return [...organizationRoutes(of), ...projectRoutes(), ...tokenRoutes(of)];
}
