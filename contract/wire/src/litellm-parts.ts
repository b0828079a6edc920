/** `/customer/*` and `/tag/*` as LiteLLM speaks them: end users and tags, which calls name, and their limits. */
import { Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import { budgetRef, heldBudget } from './litellm-budgets.ts';
import { litellmMetadata } from './litellm-keys.ts';
import { litellmWindows } from './litellm-windows.ts';
import { instant, orNull, textOrNull } from './schemas.ts';

const optional = Type.Optional;
/** As calls name it. */
const customerName = Type.String({
  minLength: 1,
  maxLength: 200,
  pattern: '^(?! )[^\\u0000-\\u001f\\u007f-\\u009f]+(?<! )$',
});
const tagName = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^(?! )[^\\u0000-\\u001f\\u007f-\\u009f,]+(?<! )$',
});
const short = Type.String({ minLength: 1, maxLength: 200 });
const page = optional(Type.Integer({ minimum: 1, maximum: 100_000 }));

const writing = {
  method: 'POST',
  surface: 'litellm',
  permission: 'budget:write',
  audit: 'record',
} as const;
const reading = { surface: 'litellm', permission: 'team:read', audit: 'read' } as const;

const limits = { ...litellmWindows, budget_id: optional(orNull(budgetRef)) };
const customerFields = {
  ...limits,
  alias: optional(orNull(short)),
  blocked: optional(orNull(Type.Boolean())),
  metadata: optional(orNull(litellmMetadata)),
};

const customer = Type.Object({
  user_id: Type.String(),
  alias: textOrNull,
  blocked: Type.Boolean(),
  /** In the window of its budget, since it has one; null: it has none, and nobody counts. */
  spend: orNull(Type.Number()),
  metadata: litellmMetadata,
  /** Not supported, and so never anything else. */
  allowed_model_region: Type.Null(),
  default_model: Type.Null(),
  object_permission: Type.Null(),
  litellm_budget_table: orNull(heldBudget),
  created_at: instant,
  updated_at: instant,
});

export const createCustomer = endpoint({
  ...writing,
  id: 'litellm.createCustomer',
  path: '/customer/new',
  aliases: ['/end_user/new'],
  summary: 'Describe an end user, with limits of their own',
  body: Type.Object({ ...customerFields, user_id: customerName }),
  output: customer,
});

export const updateCustomer = endpoint({
  ...writing,
  id: 'litellm.updateCustomer',
  path: '/customer/update',
  aliases: ['/end_user/update'],
  summary: 'Change an end user; what is left out stays',
  body: Type.Object({ ...customerFields, user_id: customerName }),
  output: customer,
});

const named = Type.Object({ user_ids: Type.Array(customerName, { minItems: 1, maxItems: 100 }) });

export const deleteCustomers = endpoint({
  ...writing,
  id: 'litellm.deleteCustomers',
  path: '/customer/delete',
  aliases: ['/end_user/delete'],
  summary: 'Forget end users, and lift their limits',
  body: named,
  output: Type.Object({ deleted_customers: Type.Integer(), message: Type.String() }),
});

export const blockCustomers = endpoint({
  ...writing,
  id: 'litellm.blockCustomers',
  path: '/customer/block',
  aliases: ['/end_user/block'],
  summary: 'Refuse the calls that name these end users, whether or not they are described',
  body: named,
  output: Type.Object({ blocked_users: Type.Array(customer) }),
});

export const unblockCustomers = endpoint({
  ...writing,
  id: 'litellm.unblockCustomers',
  path: '/customer/unblock',
  aliases: ['/end_user/unblock'],
  summary: 'Let the calls of blocked end users go on',
  body: named,
  output: Type.Object({ unblocked_users: Type.Array(customer) }),
});

export const readCustomer = endpoint({
  ...reading,
  id: 'litellm.readCustomer',
  method: 'GET',
  path: '/customer/info',
  aliases: ['/end_user/info'],
  summary: 'Read an end user, their limits and what they have spent',
  query: Type.Object({ end_user_id: customerName }),
  output: customer,
});

export const listCustomers = endpoint({
  ...reading,
  id: 'litellm.listCustomers',
  method: 'GET',
  path: '/customer/list',
  aliases: ['/end_user/list'],
  summary: 'List end users that are described, at most a hundred a page',
  query: Type.Object({ page }),
  output: Type.Array(customer),
});

const tagFields = { ...limits, name: tagName, description: optional(orNull(short)) };
const tag = Type.Object({
  name: Type.String(),
  description: textOrNull,
  /** A tag chooses no deployments here. */
  models: Type.Array(Type.String(), { maxItems: 0 }),
  spend: orNull(Type.Number()),
  litellm_budget_table: orNull(heldBudget),
  created_by: Type.String(),
  created_at: instant,
  updated_at: instant,
});
const toldTag = Type.Object({ message: Type.String(), tag });

export const createTag = endpoint({
  ...writing,
  id: 'litellm.createTag',
  path: '/tag/new',
  summary: 'Describe a tag, with limits for all calls that have it',
  body: Type.Object(tagFields),
  output: toldTag,
});

export const updateTag = endpoint({
  ...writing,
  id: 'litellm.updateTag',
  path: '/tag/update',
  summary: 'Change a tag; what is left out stays',
  body: Type.Object(tagFields),
  output: toldTag,
});

export const deleteTag = endpoint({
  ...writing,
  id: 'litellm.deleteTag',
  path: '/tag/delete',
  summary: 'Forget a tag, and lift its limits',
  body: Type.Object({ name: tagName }),
  output: Type.Object({ message: Type.String() }),
});

export const readTags = endpoint({
  ...reading,
  id: 'litellm.readTags',
  method: 'POST',
  path: '/tag/info',
  summary: 'Read tags by their names; those that are not described are left out',
  body: Type.Object({ names: Type.Array(tagName, { minItems: 1, maxItems: 100 }) }),
  output: Type.Record(Type.String(), tag),
});

export const listTags = endpoint({
  ...reading,
  id: 'litellm.listTags',
  method: 'GET',
  path: '/tag/list',
  summary: 'List tags that are described, at most a hundred a page',
  query: Type.Object({ page }),
  output: Type.Array(tag),
});

export const LITELLM_PART_ENDPOINTS = [
  createCustomer,
  updateCustomer,
  deleteCustomers,
  blockCustomers,
  unblockCustomers,
  readCustomer,
  listCustomers,
  createTag,
  updateTag,
  deleteTag,
  readTags,
  listTags,
] as const;
