/** `/team/*` and `/user/*` as LiteLLM speaks them: what stands above keys, with budgets of its own. */
import { type TSchema, Type } from 'typebox';

import { endpoint } from './endpoint.ts';
import {
  keyInfo,
  litellmAlias,
  litellmBalance,
  litellmLimits,
  litellmMetadata,
  litellmModels,
} from './litellm-keys.ts';
import { instant, instantOrNull, orNull, textOrNull } from './schemas.ts';

const optional = Type.Optional;
/** As an administrator names it; a UUID of ours when they do not. */
const ref = Type.String({
  minLength: 1,
  maxLength: 100,
  pattern: '^(?! )[^\\u0000-\\u001f\\u007f]+(?<! )$',
});
const short = Type.String({ minLength: 1, maxLength: 200 });
const member = Type.Object({
  role: Type.Union([Type.Literal('admin'), Type.Literal('user')]),
  user_id: ref,
});
const members = Type.Array(member, { maxItems: 100 });

const teamFields = {
  ...litellmLimits,
  team_alias: optional(orNull(short)),
  models: optional(orNull(litellmModels)),
  metadata: optional(orNull(litellmMetadata)),
  blocked: optional(orNull(Type.Boolean())),
};

const team = Type.Object({
  team_id: Type.String(),
  team_alias: textOrNull,
  organization_id: Type.String(),
  ...litellmBalance,
  models: Type.Array(Type.String()),
  metadata: litellmMetadata,
  members_with_roles: members,
  admins: Type.Array(Type.String()),
  members: Type.Array(Type.String()),
  blocked: Type.Boolean(),
  created_at: instant,
  updated_at: instant,
});

const common = { surface: 'litellm', permission: 'team:write', audit: 'record' } as const;
const reading = { surface: 'litellm', permission: 'team:read', audit: 'read' } as const;

const change = <
  const Id extends `litellm.${string}`,
  Body extends TSchema,
  Output extends TSchema,
>(of: {
  readonly id: Id;
  readonly path: `/${string}`;
  readonly summary: string;
  readonly body: Body;
  readonly output: Output;
}) => endpoint({ method: 'POST', ...common, ...of });

export const createTeam = change({
  id: 'litellm.createTeam',
  path: '/team/new',
  summary: 'Make a team: its budgets and models are above those of its keys',
  body: Type.Object({
    ...teamFields,
    team_id: optional(orNull(ref)),
    members_with_roles: optional(orNull(members)),
  }),
  output: team,
});

export const updateTeam = change({
  id: 'litellm.updateTeam',
  path: '/team/update',
  summary: 'Change a team; what is left out stays',
  body: Type.Object({ ...teamFields, team_id: ref }),
  output: Type.Object({ team_id: Type.String(), data: team }),
});

export const deleteTeams = change({
  id: 'litellm.deleteTeams',
  path: '/team/delete',
  summary: 'Delete teams, and revoke their keys',
  body: Type.Object({ team_ids: Type.Array(ref, { minItems: 1, maxItems: 100 }) }),
  output: Type.Object({ deleted_teams: Type.Array(Type.String()), deleted_keys: Type.Integer() }),
});

export const blockTeam = change({
  id: 'litellm.blockTeam',
  path: '/team/block',
  summary: 'Block all keys of a team until it is unblocked',
  body: Type.Object({ team_id: ref }),
  output: team,
});

export const unblockTeam = change({
  id: 'litellm.unblockTeam',
  path: '/team/unblock',
  summary: 'Let the keys of a blocked team go on',
  body: Type.Object({ team_id: ref }),
  output: team,
});

export const addTeamMember = change({
  id: 'litellm.addTeamMember',
  path: '/team/member_add',
  summary: 'Add users to a team, or change their roles',
  body: Type.Object({ team_id: ref, member: Type.Union([member, members]) }),
  output: team,
});

export const removeTeamMember = change({
  id: 'litellm.removeTeamMember',
  path: '/team/member_delete',
  summary: 'Take a user out of a team',
  body: Type.Object({ team_id: ref, user_id: ref }),
  output: team,
});

export const readTeamInfo = endpoint({
  id: 'litellm.readTeamInfo',
  method: 'GET',
  path: '/team/info',
  ...reading,
  summary: 'Read a team, what it has spent, and its keys',
  query: Type.Object({ team_id: ref }),
  output: Type.Object({ team_id: Type.String(), team_info: team, keys: Type.Array(keyInfo) }),
});

export const listTeams = endpoint({
  id: 'litellm.listTeams',
  method: 'GET',
  path: '/team/list',
  ...reading,
  summary: 'List teams, at most a hundred a page',
  query: Type.Object({
    user_id: optional(ref),
    page: optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
  }),
  output: Type.Array(team),
});

const userFields = {
  ...litellmLimits,
  user_alias: optional(orNull(short)),
  user_email: optional(
    orNull(Type.String({ minLength: 3, maxLength: 254, pattern: '^[^@\\s]+@[^@\\s]+$' })),
  ),
  /** No role of LiteLLM's administers anything here. */
  user_role: optional(orNull(Type.String({ maxLength: 40 }))),
  models: optional(orNull(litellmModels)),
  metadata: optional(orNull(litellmMetadata)),
};

const user = Type.Object({
  user_id: Type.String(),
  user_alias: textOrNull,
  user_email: textOrNull,
  user_role: Type.Literal('internal_user'),
  organization_id: Type.String(),
  ...litellmBalance,
  models: Type.Array(Type.String()),
  metadata: litellmMetadata,
  teams: Type.Array(Type.String()),
  created_at: instant,
  updated_at: instant,
});

export const createUser = change({
  id: 'litellm.createUser',
  path: '/user/new',
  summary: 'Make a user with budgets of their own, and (unless told not to) a key for them',
  body: Type.Object({
    ...userFields,
    user_id: optional(orNull(ref)),
    teams: optional(orNull(Type.Array(ref, { maxItems: 100 }))),
    auto_create_key: optional(orNull(Type.Boolean())),
    key_alias: optional(orNull(litellmAlias)),
    duration: optional(orNull(Type.String({ maxLength: 20 }))),
  }),
  output: Type.Object({
    ...user.properties,
    key: textOrNull,
    token: textOrNull,
    expires: instantOrNull,
  }),
});

export const updateUser = change({
  id: 'litellm.updateUser',
  path: '/user/update',
  summary: 'Change a user; what is left out stays',
  body: Type.Object({ ...userFields, user_id: ref }),
  output: Type.Object({ user_id: Type.String(), data: user }),
});

export const deleteUsers = change({
  id: 'litellm.deleteUsers',
  path: '/user/delete',
  summary: 'Delete users, and revoke their keys',
  body: Type.Object({ user_ids: Type.Array(ref, { minItems: 1, maxItems: 100 }) }),
  output: Type.Object({ deleted_users: Type.Array(Type.String()), deleted_keys: Type.Integer() }),
});

export const readUserInfo = endpoint({
  id: 'litellm.readUserInfo',
  method: 'GET',
  path: '/user/info',
  ...reading,
  summary: 'Read a user, what they have spent, their keys and teams',
  query: Type.Object({ user_id: ref }),
  output: Type.Object({
    user_id: Type.String(),
    user_info: user,
    keys: Type.Array(keyInfo),
    teams: Type.Array(team),
  }),
});

export const listUsers = endpoint({
  id: 'litellm.listUsers',
  method: 'GET',
  path: '/user/list',
  ...reading,
  summary: 'List users by page',
  query: Type.Object({
    page: optional(Type.Integer({ minimum: 1, maximum: 100_000 })),
    page_size: optional(Type.Integer({ minimum: 1, maximum: 100 })),
  }),
  output: Type.Object({
    users: Type.Array(user),
    total: Type.Integer(),
    page: Type.Integer(),
    page_size: Type.Integer(),
    total_pages: Type.Integer(),
  }),
});

export const LITELLM_TEAM_ENDPOINTS = [
  createTeam,
  updateTeam,
  deleteTeams,
  blockTeam,
  unblockTeam,
  addTeamMember,
  removeTeamMember,
  readTeamInfo,
  listTeams,
  createUser,
  updateUser,
  deleteUsers,
  readUserInfo,
  listUsers,
] as const;
