import type { Route } from '@sagewai/http';

import { baseUrl } from '../sso/base-url.ts';
import { isOwnerByHand } from './access.sql.ts';
import { groupRoutes } from './group-routes.ts';
import { serviceRoutes } from './service-routes.ts';
import { type ScimPorts, userRoutes } from './user-routes.ts';

export interface ScimOptions {
  /** The address under which clients know this server; null: the one that they ask. */
  readonly publicUrl: string | null;
  /** Whether this server itself serves HTTPS. */
  readonly isSecure: boolean;
}

/** SCIM 2.0: users and groups, kept in step by an identity provider. */
export function createScim({ publicUrl, isSecure }: ScimOptions): {
  readonly routes: readonly Route[];
} {
  const ports: ScimPorts = {
    baseOf: ({ headers }) => baseUrl(publicUrl, { host: headers.host, isSecure }),
    isOwner: isOwnerByHand,
  };
  return { routes: [...serviceRoutes(), ...userRoutes(ports), ...groupRoutes(ports)] };
}
