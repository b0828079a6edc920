import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  BUILT_IN_ROLES,
  type BuiltInRole,
  createRole,
  deleteRole,
  isBuiltInRole,
  listRoles,
  type OrganizationId,
  type Permission,
  ROLE_MATRIX,
  ROLE_PERMISSIONS,
} from '@sagewai/wire';

import { demandToGive } from './demand-to-give.ts';
import { permissionsIn } from './read-grants.ts';
import {
  deleteRole as removeRole,
  insertRole,
  listCustomRoles,
  lockCustomRole,
} from './roles.sql.ts';

export function roleRoutes(): Route[] {
  return [
    implement(listRoles, async ({ tx, orgId }) => ({
      roles: [
        ...(Object.keys(BUILT_IN_ROLES) as BuiltInRole[]).map((name) => ({
          name,
          built_in: true,
          description: BUILT_IN_ROLES[name],
          permissions: [...ROLE_PERMISSIONS[name]],
        })),
        ...(await listCustomRoles(tx, orgId)).map(toWire),
      ],
    })),

    implement(createRole, async ({ tx, orgId, body, caller, audit }) => {
      const permissions = body.permissions.map(grantable);
      demandToGive(caller, permissions);
      const createdBy = nameActor(caller);
      const made = { id: newId(), orgId, name: body.name, permissions, createdBy };
      if (isBuiltInRole(body.name) || !(await insertRole(tx, made))) {
        throw new Fault('resource.exists', 'the name of a role is taken', {
          detail: `There is a role ${body.name} already.`,
        });
      }
      audit.about(`role:${body.name}`, { permissions: permissions.join(' ') });
      return toWire(made);
    }),

    implement(deleteRole, async ({ tx, orgId, params, audit }) => {
      if (isBuiltInRole(params.role)) {
        throw new Fault('state.conflict', 'a built-in role is not deleted', {
          detail: `${params.role} is a built-in role.`,
        });
      }
      const outcome = await removeRole(tx, { orgId, name: params.role });
      if (outcome === 'missing') throw missingRole(params.role);
      if (outcome === 'held') {
        throw new Fault('state.conflict', 'a role is held', {
          detail: `Somebody has the role ${params.role}: take it away first.`,
        });
      }
      audit.about(`role:${params.role}`);
      return null;
    }),
  ];
}

/** What a role gives; it stays so until the transaction ends. */
export async function readRole(
  tx: Tx,
  { orgId, name }: { readonly orgId: OrganizationId; readonly name: string },
): Promise<Permission[]> {
  if (isBuiltInRole(name)) return permissionsIn({ role: name, permissions: null });
  const custom = await lockCustomRole(tx, { orgId, name });
  if (custom === null) throw missingRole(name);
  return permissionsIn({ role: name, permissions: custom.permissions });
}

/** Custom roles are made of what built-in ones give; ownership alone stays with its own. */
function grantable(name: string): Permission {
  const isKnown = Object.hasOwn(ROLE_MATRIX, name) && name !== 'owner:appoint';
  if (isKnown && ROLE_MATRIX[name as Permission].length > 0) return name as Permission;
  throw new Fault('request.invalid', 'a role names a permission that no role has', {
    detail: `There is no permission ${name} that a custom role can give.`,
  });
}

const missingRole = (name: string): Fault =>
  new Fault('resource.missing', 'there is no such role', { detail: `There is no role ${name}.` });

const toWire = ({ name, permissions }: { name: string; permissions: readonly string[] }) => ({
  name,
  built_in: false,
  description: null,
  permissions: [...permissions],
});
