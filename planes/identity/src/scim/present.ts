import { hashToken } from '@sagewai/crypto';

import type { Json } from './match-filter.ts';
import { ENTERPRISE_SCHEMA, GROUP_SCHEMA, USER_SCHEMA } from './schema.ts';

export interface UserRow {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly active: boolean;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** Null: not made or changed by SCIM yet. */
  readonly userName: string | null;
  readonly attributes: Json | null;
  readonly groups: readonly { readonly id: string; readonly name: string }[];
}

export interface GroupRow {
  readonly id: string;
  readonly name: string;
  readonly externalId: string | null;
  readonly createdAt: Date;
  readonly changedAt: Date;
  /** Null: nobody asked. */
  readonly members: readonly { readonly id: string; readonly name: string }[] | null;
}

/** `base` is the address of the server. */
export function presentUser(row: UserRow, base: string): Json {
  const attributes = row.attributes ?? {
    displayName: row.name,
    emails: [{ value: row.email, primary: true }],
  };
  const user = {
    schemas:
      attributes[ENTERPRISE_SCHEMA] === undefined
        ? [USER_SCHEMA]
        : [USER_SCHEMA, ENTERPRISE_SCHEMA],
    id: row.id,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    userName: row.userName ?? row.email,
    ...attributes,
    active: row.active,
    ...(row.groups.length === 0
      ? {}
      : {
          groups: row.groups.map(({ id, name }) => ({
            value: id,
            $ref: `${base}/scim/v2/Groups/${id}`,
            display: name,
            type: 'direct',
          })),
        }),
  };
  return { ...user, meta: metaOf('User', row, { base, version: versionOf(user) }) };
}

export function presentGroup(row: GroupRow, base: string): Json {
  const group = {
    schemas: [GROUP_SCHEMA],
    id: row.id,
    ...(row.externalId === null ? {} : { externalId: row.externalId }),
    displayName: row.name,
    ...(row.members === null
      ? {}
      : {
          members: row.members.map(({ id, name }) => ({
            value: id,
            $ref: `${base}/scim/v2/Users/${id}`,
            display: name,
            type: 'User',
          })),
        }),
  };
  // Not of its members, which may not have been read: a change of them is a change of the time.
  const version = versionOf([row.id, row.name, row.externalId, row.changedAt.toISOString()]);
  return { ...group, meta: metaOf('Group', row, { base, version }) };
}

function metaOf(
  resourceType: 'User' | 'Group',
  { id, createdAt, changedAt }: Pick<UserRow, 'id' | 'createdAt' | 'changedAt'>,
  { base, version }: { readonly base: string; readonly version: string },
): Json {
  return {
    resourceType,
    created: createdAt.toISOString(),
    lastModified: changedAt.toISOString(),
    location: `${base}/scim/v2/${resourceType}s/${id}`,
    version,
  };
}

const versionOf = (content: unknown): string =>
  `W/"${hashToken(JSON.stringify(content)).toString('base64url').slice(0, 22)}"`;

/** Whether the version is one that the client names in If-Match; without one, any is. */
export function isVersionMeant(header: string | undefined, version: unknown): boolean {
  if (header === undefined || header.trim() === '*') return true;
  const bare = (text: string): string => text.trim().replace(/^W\//, '');
  return header.split(',').some((each) => bare(each) === bare(String(version)));
}
