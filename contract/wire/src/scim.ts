/** SCIM 2.0 (RFC 7643, RFC 7644): what an identity provider keeps users and groups in step with. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';

/** What a resource consists of, its schema says (`/scim/v2/Schemas`). */
const resource = Type.Record(Type.String(), Type.Unknown());

const ofId = Type.Object({ id: Type.String({ minLength: 1, maxLength: 200 }) });

const projection = {
  /** By comma; besides what is always there. */
  attributes: Type.Optional(Type.String({ maxLength: 4_000 })),
  excludedAttributes: Type.Optional(Type.String({ maxLength: 4_000 })),
};
const shown = Type.Object(projection);

const listing = Type.Object({
  ...projection,
  filter: Type.Optional(Type.String({ maxLength: 8_000 })),
  /** From 1. */
  startIndex: Type.Optional(Type.Integer()),
  count: Type.Optional(Type.Integer()),
  /** Taken and not followed, as the service provider's configuration says. */
  sortBy: Type.Optional(Type.String({ maxLength: 200 })),
  sortOrder: Type.Optional(Type.String({ maxLength: 20 })),
});

const resources = Type.Object({
  schemas: Type.Array(Type.String()),
  totalResults: Type.Integer(),
  startIndex: Type.Integer(),
  itemsPerPage: Type.Integer(),
  Resources: Type.Array(resource),
});

const reading = { surface: 'scim', permission: 'scim:read', audit: 'read' } as const;
const writing = { surface: 'scim', permission: 'scim:write', audit: 'record' } as const;

export const getScimConfiguration = endpoint({
  ...reading,
  id: 'scim.getConfiguration',
  method: 'GET',
  path: '/scim/v2/ServiceProviderConfig',
  summary: 'Tell what of SCIM is supported',
  output: resource,
});

export const listScimSchemas = endpoint({
  ...reading,
  id: 'scim.listSchemas',
  method: 'GET',
  path: '/scim/v2/Schemas',
  summary: 'List the schemas of users and groups',
  output: resources,
});

export const getScimSchema = endpoint({
  ...reading,
  id: 'scim.getSchema',
  method: 'GET',
  path: '/scim/v2/Schemas/{id}',
  summary: 'Read a schema by its URN',
  params: ofId,
  output: resource,
});

export const listScimResourceTypes = endpoint({
  ...reading,
  id: 'scim.listResourceTypes',
  method: 'GET',
  path: '/scim/v2/ResourceTypes',
  summary: 'List the types of resources',
  output: resources,
});

export const getScimResourceType = endpoint({
  ...reading,
  id: 'scim.getResourceType',
  method: 'GET',
  path: '/scim/v2/ResourceTypes/{id}',
  summary: 'Read a type of resources',
  params: ofId,
  output: resource,
});

export const listScimUsers = endpoint({
  ...reading,
  id: 'scim.listUsers',
  method: 'GET',
  path: '/scim/v2/Users',
  summary: 'List users that meet a filter',
  query: listing,
  output: resources,
});

export const searchScimUsers = endpoint({
  ...reading,
  id: 'scim.searchUsers',
  method: 'POST',
  path: '/scim/v2/Users/.search',
  summary: 'The same, with a filter too long for an address',
  body: resource,
  output: resources,
});

export const createScimUser = endpoint({
  ...writing,
  id: 'scim.createUser',
  method: 'POST',
  path: '/scim/v2/Users',
  summary: 'Create a user',
  query: shown,
  body: resource,
  output: resource,
  status: 201,
});

export const getScimUser = endpoint({
  ...reading,
  id: 'scim.getUser',
  method: 'GET',
  path: '/scim/v2/Users/{id}',
  summary: 'Read a user',
  params: ofId,
  query: shown,
  output: resource,
});

export const replaceScimUser = endpoint({
  ...writing,
  id: 'scim.replaceUser',
  method: 'PUT',
  path: '/scim/v2/Users/{id}',
  summary: 'Replace a user',
  params: ofId,
  query: shown,
  body: resource,
  output: resource,
});

export const patchScimUser = endpoint({
  ...writing,
  id: 'scim.patchUser',
  method: 'PATCH',
  path: '/scim/v2/Users/{id}',
  summary: 'Change parts of a user; deactivating ends its sessions and tokens within a second',
  params: ofId,
  query: shown,
  body: resource,
  output: resource,
});

export const deleteScimUser = endpoint({
  ...writing,
  id: 'scim.deleteUser',
  method: 'DELETE',
  path: '/scim/v2/Users/{id}',
  summary: 'Delete a user',
  params: ofId,
  output: Type.Null(),
  status: 204,
});

export const listScimGroups = endpoint({
  ...reading,
  id: 'scim.listGroups',
  method: 'GET',
  path: '/scim/v2/Groups',
  summary: 'List groups that meet a filter',
  query: listing,
  output: resources,
});

export const searchScimGroups = endpoint({
  ...reading,
  id: 'scim.searchGroups',
  method: 'POST',
  path: '/scim/v2/Groups/.search',
  summary: 'The same, with a filter too long for an address',
  body: resource,
  output: resources,
});

export const createScimGroup = endpoint({
  ...writing,
  id: 'scim.createGroup',
  method: 'POST',
  path: '/scim/v2/Groups',
  summary: 'Create a group',
  query: shown,
  body: resource,
  output: resource,
  status: 201,
});

export const getScimGroup = endpoint({
  ...reading,
  id: 'scim.getGroup',
  method: 'GET',
  path: '/scim/v2/Groups/{id}',
  summary: 'Read a group',
  params: ofId,
  query: shown,
  output: resource,
});

export const replaceScimGroup = endpoint({
  ...writing,
  id: 'scim.replaceGroup',
  method: 'PUT',
  path: '/scim/v2/Groups/{id}',
  summary: 'Replace a group and its members',
  params: ofId,
  query: shown,
  body: resource,
  output: resource,
});

export const patchScimGroup = endpoint({
  ...writing,
  id: 'scim.patchGroup',
  method: 'PATCH',
  path: '/scim/v2/Groups/{id}',
  summary: 'Rename a group, add and remove members',
  params: ofId,
  query: shown,
  body: resource,
  output: resource,
});

export const deleteScimGroup = endpoint({
  ...writing,
  id: 'scim.deleteGroup',
  method: 'DELETE',
  path: '/scim/v2/Groups/{id}',
  summary: 'Delete a group, and with it the roles that it gave',
  params: ofId,
  output: Type.Null(),
  status: 204,
});

export const SCIM_ENDPOINTS = [
  getScimConfiguration,
  listScimSchemas,
  getScimSchema,
  listScimResourceTypes,
  getScimResourceType,
  listScimUsers,
  searchScimUsers,
  createScimUser,
  getScimUser,
  replaceScimUser,
  patchScimUser,
  deleteScimUser,
  listScimGroups,
  searchScimGroups,
  createScimGroup,
  getScimGroup,
  replaceScimGroup,
  patchScimGroup,
  deleteScimGroup,
] as const;
