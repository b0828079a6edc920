import { Secret } from '@sagewai/config';

import type { EntraClient } from '../providers/authorization.ts';
import { findValue, type FoundValue } from './find-value.ts';
import type { Section } from './section.ts';

type FoundClient =
  | { readonly kind: 'found'; readonly client: EntraClient }
  | { readonly kind: 'none' }
  | { readonly kind: 'disabled' }
  | { readonly kind: 'refused' };

const SCOPE = 'https://cognitiveservices.azure.com/.default';
const AUTHORITY = 'https://login.microsoftonline.com';
// A part of the URL: an id, or a domain.
const TENANT = /^[\w-]+(?:\.[\w-]+)*$/;

/**
 * An application of Microsoft Entra ID: what the entry names, else what Azure's own clients read. `mayLook`: the
 * entry has no key, so that what stands in the environment is meant.
 */
export function findEntra(entry: Section, { mayLook }: { readonly mayLook: boolean }): FoundClient {
  const of = (name: string, variable: string): FoundValue => {
    const found = findValue(entry, [`litellm_params.${name}`]);
    if (found.kind === 'unset' || found.value !== undefined) return found;
    return { kind: 'given', value: mayLook || isNamed ? entry.environment(variable) : undefined };
  };
  const isNamed = ['tenant_id', 'client_id', 'client_secret'].some((name) =>
    entry.has(`litellm_params.${name}`),
  );
  const all = {
    tenant: of('tenant_id', 'AZURE_TENANT_ID'),
    id: of('client_id', 'AZURE_CLIENT_ID'),
    secret: of('client_secret', 'AZURE_CLIENT_SECRET'),
    scope: of('azure_scope', 'AZURE_SCOPE'),
    authority: of('azure_authority_host', 'AZURE_AUTHORITY_HOST'),
  };
  if (Object.values(all).some(({ kind }) => kind === 'unset')) return { kind: 'disabled' };
  const [tenant, id, secret] = [valueOf(all.tenant), valueOf(all.id), valueOf(all.secret)];
  const missing =
    tenant === undefined ? 'tenant_id' : id === undefined ? 'client_id' : 'client_secret';
  if (tenant === undefined || id === undefined || secret === undefined) {
    if (!isNamed) return { kind: 'none' };
    entry.mistake(`litellm_params.${missing}`, 'is needed beside the others of Entra ID');
    return { kind: 'refused' };
  }
  if (!TENANT.test(tenant)) {
    entry.mistake('litellm_params.tenant_id', 'expected an id or a domain');
    return { kind: 'refused' };
  }
  const authority = (valueOf(all.authority) ?? AUTHORITY).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/\s]/.test(authority) || !URL.canParse(authority)) {
    entry.mistake('litellm_params.azure_authority_host', 'expected a URL');
    return { kind: 'refused' };
  }
  const client: EntraClient = {
    kind: 'entra',
    clientId: id,
    secret: new Secret(secret),
    scope: valueOf(all.scope) ?? SCOPE,
    tokenUrl: `${authority}/${tenant}/oauth2/v2.0/token`,
  };
  return { kind: 'found', client };
}

const valueOf = (found: FoundValue): string | undefined =>
  found.kind === 'given' ? found.value : undefined;
