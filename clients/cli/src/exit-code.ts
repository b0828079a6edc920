import type { SagewaiError } from '@sagewai/sdk';

/** Stable: scripts depend on these. */
export const EXIT = {
  ok: 0,
  error: 1,
  usage: 2,
  missing: 3,
  auth: 4,
  conflict: 5,
  unavailable: 6,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const BY_STATUS: Readonly<Record<number, ExitCode>> = {
  0: EXIT.unavailable,
  400: EXIT.usage,
  401: EXIT.auth,
  403: EXIT.auth,
  404: EXIT.missing,
  408: EXIT.unavailable,
  409: EXIT.conflict,
  413: EXIT.usage,
  429: EXIT.unavailable,
  502: EXIT.unavailable,
  503: EXIT.unavailable,
  504: EXIT.unavailable,
};

export function exitCodeOf({ status }: Pick<SagewaiError, 'status'>): ExitCode {
  return BY_STATUS[status] ?? EXIT.error;
}
