/** What the server says of itself to clients of SCIM (RFC 7643, sections 5 to 7). */
import { RESOURCES_MAX } from './page-of.ts';
import {
  ENTERPRISE_SCHEMA,
  GROUP_KIND,
  LIST_SCHEMA,
  type ResourceKind,
  USER_KIND,
} from './schema.ts';

const KINDS = [USER_KIND, GROUP_KIND] as const;

export const SERVICE_PROVIDER = {
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig'],
  patch: { supported: true },
  bulk: { supported: false, maxOperations: 0, maxPayloadSize: 0 },
  filter: { supported: true, maxResults: RESOURCES_MAX },
  changePassword: { supported: false },
  sort: { supported: false },
  etag: { supported: true },
  authenticationSchemes: [
    {
      type: 'oauthbearertoken',
      name: 'Access token',
      description: 'Authorization: Bearer sat-…, made by: sagewai scim token',
      primary: true,
    },
  ],
  meta: { resourceType: 'ServiceProviderConfig', location: '/scim/v2/ServiceProviderConfig' },
} as const;

export interface Described {
  readonly id: string;
  readonly [name: string]: unknown;
}

export const RESOURCE_TYPES: readonly Described[] = KINDS.map((kind) => ({
  schemas: ['urn:ietf:params:scim:schemas:core:2.0:ResourceType'],
  id: kind.name,
  name: kind.name,
  endpoint: `/${kind.name}s`,
  description: describeKind(kind),
  schema: kind.schema,
  schemaExtensions: Object.keys(kind.extensions).map((schema) => ({ schema, required: false })),
  meta: { resourceType: 'ResourceType', location: `/scim/v2/ResourceTypes/${kind.name}` },
}));

export const SCHEMAS: readonly Described[] = [
  ...KINDS.map((kind) => describe(kind.schema, kind.name, kind)),
  {
    ...describe(ENTERPRISE_SCHEMA, 'EnterpriseUser', USER_KIND),
    description: 'What a company knows of a user',
    attributes: USER_KIND.extensions[ENTERPRISE_SCHEMA],
  },
];

function describe(id: string, name: string, kind: ResourceKind): Described {
  return {
    schemas: ['urn:ietf:params:scim:schemas:core:2.0:Schema'],
    id,
    name,
    description: describeKind(kind),
    attributes: kind.attributes,
    meta: { resourceType: 'Schema', location: `/scim/v2/Schemas/${id}` },
  };
}

function describeKind({ name }: ResourceKind): string {
  return name === 'User' ? 'An account' : 'A group of accounts, which roles may be given to';
}

export interface Listing {
  readonly schemas: string[];
  readonly totalResults: number;
  readonly startIndex: number;
  readonly itemsPerPage: number;
  readonly Resources: Record<string, unknown>[];
}

export function listOf(
  resources: readonly Readonly<Record<string, unknown>>[],
  { total, startIndex }: { readonly total: number; readonly startIndex: number },
): Listing {
  return {
    schemas: [LIST_SCHEMA],
    totalResults: total,
    startIndex,
    itemsPerPage: resources.length,
    Resources: resources.map((each) => ({ ...each })),
  };
}
