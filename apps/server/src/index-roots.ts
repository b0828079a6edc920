import { findOrganizationId, findProject } from '@sagewai/identity';
import type { IntelligenceOptions } from '@sagewai/intelligence';
import { type Db, inTenant } from '@sagewai/postgres';

const ROOT = /^([^/=]+)\/([^/=]+)=(\/.*)$/;

export const checkRoots = (roots: readonly string[]): string | null =>
  roots.every((root) => ROOT.test(root)) ? null : 'expected organization/project=/folder';

/** Each by its id, which stays, or by the name that it has when it is asked: whoever is given a name gets its folder. */
export function rootsIn(
  roots: readonly string[],
  db: Db,
): NonNullable<IntelligenceOptions['rootsOf']> {
  return async ({ orgId, projectId }) => {
    const own: string[] = [];
    for (const root of roots) {
      const [, organization = '', project = '', folder = ''] = ROOT.exec(root) ?? [];
      if ((await findOrganizationId(db, organization)) !== orgId) continue;
      const named = await inTenant(db, [orgId], (tx) => findProject(tx, orgId, project));
      if (named?.id === projectId) own.push(folder);
    }
    return own;
  };
}
