import type { ProjectId } from '@sagewai/wire';

import type { GroupRole } from './connection.ts';

const EVERYBODY = '*';

export interface RoleAt {
  readonly role: string;
  /** Null: in the whole organization. */
  readonly projectId: ProjectId | null;
}

export interface HeldRole extends RoleAt {
  readonly id: string;
}

export interface RoleChanges {
  readonly give: readonly RoleAt[];
  readonly take: readonly HeldRole[];
}

/**
 * O2. What an earlier sign-in gave and the groups no longer give is taken; what they give is given. `held`
 * is what sign-ins of this connection gave: roles that were given by hand are not among it, and stay.
 */
export function followGroups(
  groups: readonly string[],
  groupRoles: readonly GroupRole[],
  held: readonly HeldRole[],
): RoleChanges {
  const isIn = new Set(groups);
  const wanted = new Map(
    groupRoles
      .filter(({ group }) => group === EVERYBODY || isIn.has(group))
      .map((each) => [keyOf(each), { role: each.role, projectId: each.projectId }]),
  );
  const has = new Set(held.map(keyOf));
  return {
    give: [...wanted].filter(([key]) => !has.has(key)).map(([, role]) => role),
    take: held.filter((each) => !wanted.has(keyOf(each))),
  };
}

const keyOf = ({ role, projectId }: RoleAt): string => `${projectId ?? ''} ${role}`;
