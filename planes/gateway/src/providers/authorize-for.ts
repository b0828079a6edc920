import type { Clock } from '@sagewai/clock';
import type { Dispatcher } from 'undici';

import type { Endpoint } from '../models/deployment.ts';
import type { Authorize, AwsAccount, Unsigned } from './authorization.ts';
import { createGoogleTokens } from './google-tokens.ts';
import { amzDate, signRequest } from './sign-request.ts';

/** Undefined where the credential is a header that stays the same, which costs a request nothing. */
export function authorizeFor(
  { authorization, baseUrl }: Endpoint,
  of: {
    readonly poolOf: (url: string) => Pick<Dispatcher, 'request'>;
    readonly clock: Clock;
  },
): Authorize | undefined {
  if (authorization === undefined) return undefined;
  if (authorization.kind === 'aws') {
    const { host } = new URL(baseUrl);
    return (request) => signFor(request, authorization, { host, at: of.clock.now() });
  }
  return createGoogleTokens(authorization, {
    connections: of.poolOf(authorization.tokenUrl),
    now: () => of.clock.now().getTime(),
  });
}

function signFor(
  { method, path, headers, body }: Unsigned,
  { keys, region }: AwsAccount,
  { host, at }: { readonly host: string; readonly at: Date },
): Readonly<Record<string, string>> {
  const more = {
    'x-amz-date': amzDate(at),
    ...(keys.sessionToken && { 'x-amz-security-token': keys.sessionToken.reveal() }),
  };
  const signed = { host, 'content-type': headers['content-type'] ?? '', ...more };
  const parts = { method, path, headers: signed, body };
  return { ...more, authorization: signRequest(parts, { keys, region, service: 'bedrock', at }) };
}
