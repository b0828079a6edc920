import type { Filter } from './filter.ts';

/** What the database can look up at once; all of it holds for whatever meets the filter. */
export interface Narrowed {
  readonly id?: string;
  readonly userName?: string;
  readonly externalId?: string;
  readonly displayName?: string;
  /** The id of a member. */
  readonly member?: string;
}

const SCHEMAS = /^urn:ietf:params:scim:schemas:core:2\.0:(?:user|group)$/i;

const NAMES: Readonly<Record<string, keyof Narrowed>> = {
  id: 'id',
  username: 'userName',
  externalid: 'externalId',
  displayname: 'displayName',
  'members.value': 'member',
  members: 'member',
};

/** What directories ask nearly always: `userName eq "…"`, alone or with more beside it. */
export function narrowFilter(filter: Filter | null): Narrowed {
  if (filter === null) return {};
  if (filter.kind === 'and') return { ...narrowFilter(filter.left), ...narrowFilter(filter.right) };
  if (filter.kind === 'some' && filter.path.name.toLowerCase() === 'members') {
    const { member } = narrowValues(filter.filter);
    return member === undefined ? {} : { member };
  }
  if (filter.kind !== 'compare' || filter.operator !== 'eq') return {};
  const { schema, name, sub } = filter.path;
  if (schema !== null && !SCHEMAS.test(schema)) return {};
  const known = NAMES[`${name}${sub === null ? '' : `.${sub}`}`.toLowerCase()];
  return known === undefined || typeof filter.value !== 'string' ? {} : { [known]: filter.value };
}

function narrowValues(filter: Filter): Narrowed {
  if (filter.kind === 'and') return { ...narrowValues(filter.left), ...narrowValues(filter.right) };
  const isMain =
    filter.kind === 'compare' &&
    filter.operator === 'eq' &&
    filter.path.name.toLowerCase() === 'value' &&
    typeof filter.value === 'string';
  return isMain ? { member: String(filter.value) } : {};
}
