import { Fault } from '@sagewai/fault';
import type { Tx } from '@sagewai/postgres';
import { isBuiltInRole, type OrganizationId } from '@sagewai/wire';

import { listMissingRoles } from './connections.sql.ts';

/** O2. Roles that there are; ownership is given by hand, so that no provider can take an organization. */
export async function demandRoles(
  tx: Tx,
  orgId: OrganizationId,
  roles: readonly string[],
): Promise<void> {
  if (roles.includes('owner')) {
    throw new Fault('request.invalid', 'a group would give ownership', {
      detail: 'Ownership is given by hand, and by no group of a provider.',
    });
  }
  const names = roles.filter((role) => !isBuiltInRole(role));
  const [unknown] = await listMissingRoles(tx, { orgId, names });
  if (unknown === undefined) return;
  throw new Fault('request.invalid', `no role ${unknown}`, {
    detail: `There is no role ${unknown}.`,
  });
}
