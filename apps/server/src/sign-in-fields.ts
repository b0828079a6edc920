import { type Config, field } from '@sagewai/config';
import type { SignInSettings } from '@sagewai/identity';

import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from './fleet-setting.ts';

/** People who sign in. */
export const signInFields = {
  SESSION_IDLE_TIMEOUT: field.duration({
    default: 8 * HOUR_MS,
    min: 2 * MINUTE_MS,
    description: 'A login session that is unused for so long ends',
  }),
  SESSION_LIFETIME: field.duration({
    default: 7 * DAY_MS,
    min: 2 * MINUTE_MS,
    description: 'A login session ends so long after its start, however it is used',
  }),
  REAUTHENTICATE_AFTER: field.duration({
    default: 15 * MINUTE_MS,
    min: 5 * SECOND_MS,
    description: 'Sensitive changes ask for a proof of who is there that is no older',
  }),
  SIGN_IN_ATTEMPTS_MAX: field.integer({
    default: 10,
    min: 1,
    description: 'Attempts to sign in to one account in SIGN_IN_WINDOW, by whomever',
  }),
  SIGN_IN_ADDRESS_ATTEMPTS_MAX: field.integer({
    default: 100,
    min: 1,
    description: 'The same from one address, to whatever account of an organization',
  }),
  SIGN_IN_WINDOW: field.duration({
    default: 15 * MINUTE_MS,
    min: SECOND_MS,
    description: 'The window in which attempts to sign in are counted',
  }),
  PASSWORD_MEMORY_KIB: field.integer({
    default: 65_536,
    min: 8_192,
    max: 1_048_576,
    description:
      'Memory that argon2id takes for one password; kept ones follow when people sign in',
  }),
  PASSWORD_PASSES: field.integer({
    default: 3,
    min: 1,
    max: 100,
    description: 'Passes of argon2id over that memory',
  }),
  INVITATION_LIFETIME: field.duration({
    default: 7 * DAY_MS,
    min: MINUTE_MS,
    description: 'How long an invitation can be accepted',
  }),
  PASSWORD_RESET_LIFETIME: field.duration({
    default: HOUR_MS,
    min: MINUTE_MS,
    description: 'How long the link to set a password anew is good',
  }),
} as const;

export function signInSettings(
  config: Config<typeof signInFields> & { readonly publicUrl: string | null },
): SignInSettings {
  return {
    publicUrl: config.publicUrl,
    sessions: {
      idleMs: config.sessionIdleTimeoutMs,
      lifetimeMs: config.sessionLifetimeMs,
      freshMs: config.reauthenticateAfterMs,
    },
    throttle: {
      perAccount: config.signInAttemptsMax,
      perAddress: config.signInAddressAttemptsMax,
      windowMs: config.signInWindowMs,
    },
    passwordCost: { memoryKib: config.passwordMemoryKib, passes: config.passwordPasses },
    invitationMs: config.invitationLifetimeMs,
    passwordResetMs: config.passwordResetLifetimeMs,
  };
}
