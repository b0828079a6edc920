import { type Permission, PERMISSIONS } from '@sagewai/wire';

import type { Caller, Grant, Scope } from './caller.ts';

/** What a scope stands for: itself and everything below it. */
const INCLUDES = {
  read: ['read'],
  write: ['read', 'write'],
  admin: ['read', 'write', 'admin'],
  scim: ['scim'],
  platform: ['read', 'write', 'admin', 'platform'],
} as const satisfies Record<Scope, readonly Scope[]>;

/** Whether the permission table gives the caller this permission. */
export function isAllowed(permission: Permission | 'public', caller: Caller): boolean {
  if (permission === 'public') return true;
  const holders: readonly Grant[] = PERMISSIONS[permission];
  if (caller.kind === 'account') {
    return holders.includes('account') || caller.permissions?.has(permission) === true;
  }
  if (caller.kind !== 'token') {
    return caller.kind !== 'anonymous' && holders.includes(caller.kind);
  }
  // A token is never more than who it stands for.
  if (caller.permissions?.has(permission) === false) return false;
  if (holders.includes('token')) return true;
  for (const scope of caller.scopes) {
    if (INCLUDES[scope].some((included) => holders.includes(included))) return true;
  }
  return false;
}
