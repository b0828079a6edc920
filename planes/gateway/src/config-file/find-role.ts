import type { AwsRole } from '../providers/authorization.ts';
import type { AwsKeys } from '../providers/sign-request.ts';
import { findValue, type FoundValue } from './find-value.ts';
import { leaveOut } from './leave-out.ts';
import type { Section } from './section.ts';

type FoundRole =
  | { readonly kind: 'found'; readonly role: AwsRole }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'refused' };

const ARN = /^arn:[\w-]+:iam::\d{12}:role\/[\w+=,.@/-]+$/;
const SESSION = 'sagewai';
const NAMES = ['aws_role_name', 'aws_web_identity_token'] as const;

/** Whether the entry itself asks for the rights of a role. */
export const namesRole = (entry: Section): boolean =>
  NAMES.some((name) => entry.has(`litellm_params.${name}`));

/** As pods of Kubernetes are given one. */
export const isGivenRole = (entry: Section): boolean =>
  entry.environment('AWS_ROLE_ARN') !== undefined &&
  entry.environment('AWS_WEB_IDENTITY_TOKEN_FILE') !== undefined;

/** A role that is taken on with a web identity where there is one, else with keys. */
export function findRole(
  entry: Section,
  { region, keys }: { readonly region: string; readonly keys: AwsKeys | undefined },
): FoundRole {
  const of = (name: string): FoundValue => findValue(entry, [`litellm_params.${name}`]);
  const found = {
    arn: of('aws_role_name'),
    session: of('aws_session_name'),
    external: of('aws_external_id'),
    identity: of('aws_web_identity_token'),
    sts: of('aws_sts_endpoint'),
  };
  if (Object.values(found).some(({ kind }) => kind === 'unset')) return { kind: 'disabled' };
  const arn = valueOf(found.arn) ?? entry.environment('AWS_ROLE_ARN');
  if (arn === undefined || !ARN.test(arn)) {
    entry.mistake('litellm_params.aws_role_name', 'expected arn:aws:iam::123456789012:role/NAME');
    return { kind: 'refused' };
  }
  const sessionName = valueOf(found.session) ?? SESSION;
  if (!/^[\w+=,.@-]{2,64}$/.test(sessionName)) {
    entry.mistake('litellm_params.aws_session_name', 'expected 2 to 64 letters and digits');
    return { kind: 'refused' };
  }
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  const stsUrl = valueOf(found.sts) ?? `https://sts.${region}.${domain}/`;
  if (!/^https?:\/\/[^/\s]/.test(stsUrl) || !URL.canParse(stsUrl)) {
    entry.mistake('litellm_params.aws_sts_endpoint', 'expected a URL');
    return { kind: 'refused' };
  }
  const isNamed = entry.has('litellm_params.aws_web_identity_token');
  const identity = isNamed
    ? valueOf(found.identity)
    : keys === undefined
      ? entry.environment('AWS_WEB_IDENTITY_TOKEN_FILE')
      : undefined;
  const by = identity === undefined ? byKeys(keys) : byIdentity(entry, identity);
  if (by === undefined) {
    const what =
      'a role needs keys that may take it on, or a web identity: a token, or a file that holds one';
    const path = isNamed ? 'aws_web_identity_token' : 'aws_role_name';
    return leaveOut(entry, `litellm_params.${path}`, what);
  }
  const externalId = valueOf(found.external);
  return { kind: 'found', role: { arn, sessionName, externalId, region, stsUrl, by } };
}

const byKeys = (keys: AwsKeys | undefined): AwsRole['by'] | undefined =>
  keys && { kind: 'keys', keys };

/** A token has three parts; anything else is a file, which is written anew before its token ends. */
function byIdentity(entry: Section, said: string): AwsRole['by'] | undefined {
  if (/^[\w-]+\.[\w-]+\.[\w-]+$/.test(said)) return { kind: 'token', read: () => said };
  if (entry.readFile(said) === undefined) return undefined;
  return { kind: 'token', read: () => entry.readFile(said)?.trim() };
}

const valueOf = (found: FoundValue): string | undefined =>
  found.kind === 'given' ? found.value : undefined;
