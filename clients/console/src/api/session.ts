import { SagewaiError, type CallOutput } from '@sagewai/sdk';
import { isBuiltInRole, type Permission, ROLE_MATRIX } from '@sagewai/wire';
import { useQuery, type UseQueryResult } from '@tanstack/react-query';

import { ask, connection } from './server.ts';

export type WhoAmI = CallOutput<'identity.whoAmI'>;

/** Who is here and what they may do, as the server says. */
export function useWhoAmI(): UseQueryResult<WhoAmI> {
  const { token, organization, project } = connection.use();
  const asked = ask('identity.whoAmI', {});
  return useQuery({
    ...asked,
    queryKey: [...asked.queryKey, token === null, organization, project],
    staleTime: 60_000,
    retry: false,
  });
}

export const isSignedOut = (error: unknown): boolean =>
  error instanceof SagewaiError && error.status === 401;

/** Null: the caller may. Else why not, in a sentence. */
export function useObjection(permission: Permission): string | null {
  const { data } = useWhoAmI();
  if (data === undefined) return 'Who you are is being asked.';
  return data.permissions.includes(permission) ? null : objectionTo(permission);
}

export function objectionTo(permission: Permission): string {
  const roles = ROLE_MATRIX[permission].filter(isBuiltInRole);
  const who = roles.length === 0 ? 'no role gives it' : `these roles give it: ${roles.join(', ')}`;
  return `You lack the permission ${permission}; ${who}.`;
}
