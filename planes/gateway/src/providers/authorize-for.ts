import type { Clock } from '@sagewai/clock';
import type { Dispatcher } from 'undici';

import type { Endpoint } from '../models/deployment.ts';
import type { Authorize } from './authorization.ts';
import { createGoogleTokens } from './google-tokens.ts';

/** Undefined where the credential is a header that stays the same, which costs a request nothing. */
export function authorizeFor(
  { authorization }: Endpoint,
  of: {
    readonly poolOf: (url: string) => Pick<Dispatcher, 'request'>;
    readonly clock: Clock;
  },
): Authorize | undefined {
  if (authorization === undefined) return undefined;
  return createGoogleTokens(authorization, {
    connections: of.poolOf(authorization.tokenUrl),
    now: () => of.clock.now().getTime(),
  });
}
