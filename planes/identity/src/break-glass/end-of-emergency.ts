import type { Caller } from '@sagewai/http';

import type { TokenDetail } from '../resolve-caller.ts';

/**
 * G5. When everything has ended that is made by this caller and opens something: a key, an invitation, a link. Null: whoever
 * calls is here by no emergency.
 */
export function endOfEmergency(caller: Caller): Date | null {
  if (caller.kind !== 'token') return null;
  const { isEmergency, expiresAt } = (caller.detail ?? {}) as Partial<TokenDetail>;
  return isEmergency === true ? (expiresAt ?? null) : null;
}
