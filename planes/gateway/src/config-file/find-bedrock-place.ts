import { Secret } from '@sagewai/config';

import type { Authorization } from '../providers/authorization.ts';
import type { FoundPlace } from './find-place.ts';
import { findRole, isGivenRole, namesRole } from './find-role.ts';
import { findValue, type FoundValue } from './find-value.ts';
import { leaveOut } from './leave-out.ts';
import type { Section } from './section.ts';

// Part of a host.
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;

/** A model of Bedrock, with a bearer of its own or with keys that sign each request. */
export function findBedrockPlace(
  entry: Section,
  named: string,
  { apiBase, key }: { readonly apiBase: FoundValue; readonly key: FoundValue },
): FoundPlace {
  const of = (name: string, ...variables: readonly string[]): FoundValue => {
    const found = findValue(entry, [`litellm_params.${name}`]);
    if (found.kind === 'unset' || found.value !== undefined) return found;
    const value = variables.map((each) => entry.environment(each)).find((each) => each);
    return { kind: 'given', value };
  };
  const region = of('aws_region_name', 'AWS_REGION_NAME', 'AWS_REGION', 'AWS_DEFAULT_REGION');
  const endpoint = of('aws_bedrock_runtime_endpoint');
  const id = of('aws_access_key_id');
  const secret = of('aws_secret_access_key');
  const session = of('aws_session_token');
  const all = [apiBase, key, region, endpoint, id, secret, session];
  if (all.some(({ kind }) => kind === 'unset')) return { kind: 'disabled' };
  const at = valueOf(region);
  const base = valueOf(apiBase) ?? valueOf(endpoint);
  if (entry.has('litellm_params.aws_profile_name'))
    return leaveOut(entry, 'litellm_params.aws_profile_name', 'is not known here');
  if (at === undefined) return leaveOut(entry, 'litellm_params.aws_region_name', 'no region');
  if (!REGION.test(at)) {
    entry.mistake('litellm_params.aws_region_name', 'expected a region, like us-east-1');
    return { kind: 'refused' };
  }
  const baseUrl = (base ?? `https://bedrock-runtime.${at}.amazonaws.com`).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/\s]/.test(baseUrl) || !URL.canParse(baseUrl)) {
    entry.mistake('litellm_params.api_base', 'expected a URL that starts with http:// or https://');
    return { kind: 'refused' };
  }
  // Keys that an entry names stand before what stands in the environment.
  const hasKeys = valueOf(id) !== undefined || valueOf(secret) !== undefined;
  // Whoever names a role means its rights, and not those of what stands beside it.
  const hasRole = namesRole(entry);
  const given =
    valueOf(key) ?? (hasKeys ? undefined : entry.environment('AWS_BEARER_TOKEN_BEDROCK'));
  const bearer = hasRole ? undefined : given;
  const upstreamModel = named.replace(/^converse\//, '');
  const place = { provider: 'bedrock', baseUrl } as const;
  if (bearer !== undefined) {
    const credential = new Secret(bearer);
    return { kind: 'found', upstreamModel, endpoint: { ...place, credential } };
  }
  const accessKeyId = hasKeys ? valueOf(id) : entry.environment('AWS_ACCESS_KEY_ID');
  const secretKey = hasKeys ? valueOf(secret) : entry.environment('AWS_SECRET_ACCESS_KEY');
  const token = hasKeys ? valueOf(session) : entry.environment('AWS_SESSION_TOKEN');
  const sessionToken = token === undefined ? undefined : new Secret(token);
  const keys =
    accessKeyId === undefined || secretKey === undefined
      ? undefined
      : { accessKeyId, secretAccessKey: new Secret(secretKey), sessionToken };
  if (hasRole || (keys === undefined && isGivenRole(entry))) {
    const role = findRole(entry, { region: at, keys });
    if (role.kind !== 'found') return role;
    const authorization: Authorization = { kind: 'aws', region: at, keys: role.role };
    const { by, arn } = role.role;
    // Of a web identity nothing is kept; that there is a credential of ours is.
    const credential = by.kind === 'keys' ? by.keys.secretAccessKey : new Secret(arn);
    return { kind: 'found', upstreamModel, endpoint: { ...place, credential, authorization } };
  }
  if (keys === undefined) {
    const what =
      'aws_access_key_id and aws_secret_access_key are needed here, or api_key (a bearer)';
    return leaveOut(entry, 'litellm_params.aws_secret_access_key', what);
  }
  const credential = keys.secretAccessKey;
  const authorization: Authorization = { kind: 'aws', region: at, keys };
  return { kind: 'found', upstreamModel, endpoint: { ...place, credential, authorization } };
}

const valueOf = (found: FoundValue): string | undefined =>
  found.kind === 'given' ? found.value : undefined;
