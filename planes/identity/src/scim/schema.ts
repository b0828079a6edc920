/** What users and groups of SCIM consist of (RFC 7643): served under /Schemas, and what the rest goes by. */
import type { Attribute } from './attribute.ts';
import { GROUP_ATTRIBUTES } from './schema-group.ts';
import { ENTERPRISE_ATTRIBUTES, USER_ATTRIBUTES } from './schema-user.ts';

export const USER_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:User';
export const GROUP_SCHEMA = 'urn:ietf:params:scim:schemas:core:2.0:Group';
export const ENTERPRISE_SCHEMA = 'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User';
export const LIST_SCHEMA = 'urn:ietf:params:scim:api:messages:2.0:ListResponse';

/** One kind of resource: its own attributes, and those of its extensions by their schema. */
export interface ResourceKind {
  readonly name: 'User' | 'Group';
  readonly schema: string;
  readonly attributes: readonly Attribute[];
  readonly extensions: Readonly<Record<string, readonly Attribute[]>>;
}

export const USER_KIND: ResourceKind = {
  name: 'User',
  schema: USER_SCHEMA,
  attributes: USER_ATTRIBUTES,
  extensions: { [ENTERPRISE_SCHEMA]: ENTERPRISE_ATTRIBUTES },
};

export const GROUP_KIND: ResourceKind = {
  name: 'Group',
  schema: GROUP_SCHEMA,
  attributes: GROUP_ATTRIBUTES,
  extensions: {},
};

export const sameName = (one: string, other: string): boolean =>
  one.toLowerCase() === other.toLowerCase();

export function findAttribute(
  attributes: readonly Attribute[],
  name: string,
): Attribute | undefined {
  return attributes.find((each) => sameName(each.name, name));
}
