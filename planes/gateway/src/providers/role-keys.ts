import { Secret } from '@sagewai/config';
import type { Dispatcher } from 'undici';

import type { AwsRole } from './authorization.ts';
import { FORM_TYPE, keepToken, postForm, type Token } from './kept-token.ts';
import { amzDate, type AwsKeys, signRequest } from './sign-request.ts';

const VERSION = '2011-06-15';

/** The keys of a role, which end: taken on with keys of somebody who may, or with a token of an identity provider. */
export function createRoleKeys(
  role: AwsRole,
  { connections, now }: { connections: Pick<Dispatcher, 'request'>; now: () => Date },
): () => AwsKeys | Promise<AwsKeys> {
  return keepToken(
    () => takeOn(role, { connections, at: now() }),
    () => now().getTime(),
  );
}

async function takeOn(
  { arn, sessionName, externalId, by, stsUrl, region }: AwsRole,
  { connections, at }: { readonly connections: Pick<Dispatcher, 'request'>; readonly at: Date },
): Promise<Token<AwsKeys>> {
  const named = { Version: VERSION, RoleArn: arn, RoleSessionName: sessionName };
  if (by.kind === 'token') {
    const token = by.read();
    if (token === undefined) throw new Error(`the web identity of ${arn} cannot be read`);
    const text = await postForm(connections, {
      url: stsUrl,
      whose: arn,
      fields: { ...named, Action: 'AssumeRoleWithWebIdentity', WebIdentityToken: token },
      headers: () => XML,
    });
    return readKeys(text, arn);
  }
  const { host, pathname, search } = new URL(stsUrl);
  const { keys } = by;
  const sign = (body: Buffer): Readonly<Record<string, string>> => {
    const more = {
      'x-amz-date': amzDate(at),
      ...(keys.sessionToken && { 'x-amz-security-token': keys.sessionToken.reveal() }),
    };
    const headers = { host, 'content-type': FORM_TYPE, ...more };
    const parts = { method: 'POST', path: pathname + search, headers, body };
    return {
      ...more,
      ...XML,
      authorization: signRequest(parts, { keys, region, service: 'sts', at }),
    };
  };
  const text = await postForm(connections, {
    url: stsUrl,
    whose: arn,
    fields: {
      ...named,
      Action: 'AssumeRole',
      ...(externalId === undefined ? {} : { ExternalId: externalId }),
    },
    headers: sign,
  });
  return readKeys(text, arn);
}

const XML = { accept: 'text/xml' } as const;

/** Four texts of a document that has nothing else by their names. Nothing of it is quoted (M6). */
function readKeys(xml: string, arn: string): Token<AwsKeys> {
  const of = (name: string): string | undefined =>
    new RegExp(`<${name}>([^<>&\\s]+)</${name}>`).exec(xml)?.[1];
  const [accessKeyId, secret, session] = [
    of('AccessKeyId'),
    of('SecretAccessKey'),
    of('SessionToken'),
  ];
  const expiresAt = Date.parse(of('Expiration') ?? '');
  if (
    accessKeyId === undefined ||
    secret === undefined ||
    session === undefined ||
    !/^[\x21-\x7e]+$/.test(accessKeyId + secret + session) ||
    Number.isNaN(expiresAt)
  ) {
    throw new Error(`the token URL of ${arn} gave no keys`);
  }
  return {
    value: {
      accessKeyId,
      secretAccessKey: new Secret(secret),
      sessionToken: new Secret(session),
    },
    expiresAt,
  };
}
