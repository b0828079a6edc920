import { Fault } from '@sagewai/fault';
import type { Db } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import { findOrganizationId, listOrganizationIds } from '../organizations.sql.ts';

/** An organization that there is not: whoever asks for its challenge, or guesses at it, cannot tell. */
export const NOWHERE = '00000000-0000-0000-0000-000000000000' as OrganizationId;

/**
 * The organization that somebody signs in to: the one that is named, else the only one there is. Null:
 * there is none of that name, which is told to nobody.
 */
export async function findSignInOrganization(
  db: Db,
  named: string | undefined,
): Promise<OrganizationId | null> {
  if (named !== undefined) return findOrganizationId(db, named);
  const [only, another] = await listOrganizationIds(db, { limit: 2 });
  if (only !== undefined && another === undefined) return only;
  throw new Fault('organization.required', 'there are several organizations, or none', {
    detail: 'Say which organization to sign in to.',
  });
}
