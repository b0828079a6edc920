import type { Clock } from '@sagewai/clock';
import type { Dispatcher } from 'undici';

import type { Endpoint } from '../models/deployment.ts';
import { type Authorize, type AwsAccount, isRole, type Unsigned } from './authorization.ts';
import { createEntraTokens } from './entra-tokens.ts';
import { createGoogleTokens } from './google-tokens.ts';
import { createRoleKeys } from './role-keys.ts';
import { amzDate, type AwsKeys, signRequest } from './sign-request.ts';

interface Asking {
  readonly poolOf: (url: string) => Pick<Dispatcher, 'request'>;
  readonly clock: Clock;
}

/** Undefined where the credential is a header that stays the same, which costs a request nothing. */
export function authorizeFor(
  { authorization, baseUrl }: Endpoint,
  of: Asking,
): Authorize | undefined {
  if (authorization === undefined) return undefined;
  const now = (): number => of.clock.now().getTime();
  switch (authorization.kind) {
    case 'aws':
      return signer(authorization, new URL(baseUrl).host, of);
    case 'google':
      return createGoogleTokens(authorization, {
        connections: of.poolOf(authorization.tokenUrl),
        now,
      });
    case 'entra':
      return createEntraTokens(authorization, {
        connections: of.poolOf(authorization.tokenUrl),
        now,
      });
  }
}

function signer({ keys, region }: AwsAccount, host: string, { poolOf, clock }: Asking): Authorize {
  const now = (): Date => clock.now();
  const sign = (request: Unsigned, by: AwsKeys): Readonly<Record<string, string>> =>
    signFor(request, by, { host, region, at: now() });
  if (!isRole(keys)) return (request) => sign(request, keys);
  const keysOf = createRoleKeys(keys, { connections: poolOf(keys.stsUrl), now });
  return (request) => {
    const given = keysOf();
    return given instanceof Promise ? given.then((by) => sign(request, by)) : sign(request, given);
  };
}

function signFor(
  { method, path, headers, body }: Unsigned,
  keys: AwsKeys,
  { host, region, at }: { readonly host: string; readonly region: string; readonly at: Date },
): Readonly<Record<string, string>> {
  const more = {
    'x-amz-date': amzDate(at),
    ...(keys.sessionToken && { 'x-amz-security-token': keys.sessionToken.reveal() }),
  };
  const signed = { host, 'content-type': headers['content-type'] ?? '', ...more };
  const parts = { method, path, headers: signed, body };
  return { ...more, authorization: signRequest(parts, { keys, region, service: 'bedrock', at }) };
}
