import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  type BodyOf,
  createUser,
  deleteUsers,
  listUsers,
  readUserInfo,
  updateUser,
} from '@sagewai/wire';

import { applyLimits } from './apply-limits.ts';
import { demandToLimit } from './demand-to-limit.ts';
import { readModels } from './key-fields.ts';
import { makeKey } from './make-key.ts';
import * as people from './people.sql.ts';
import type { Person } from './person.ts';
import { mistaken, refuseFields, type Unsupported } from './refuse-fields.ts';
import { dropLimits, revokeKeysOf } from './revoke-keys.ts';
import { keysOf, showKeys } from './show-keys.ts';
import { type ShownUser, showTeams, showUsers } from './show-teams.ts';
import { findTeam, listTeams, putMember } from './teams.sql.ts';

const PAGE_USERS = 25;
const TEAMS_MAX = 100;
const ROLES: readonly string[] = ['internal_user', 'internal_user_viewer'];

const UNSUPPORTED: Unsupported = {
  aliases: 'give keys aliases',
  allowed_cache_controls: 'answers are not cached by request',
  blocked: 'block the keys of the user',
  config: 'a user does not configure the server',
  guardrails: 'guardrails are not set by the user',
  invite_email: 'no e-mail is sent',
  object_permission: 'a user opens models only',
  organization_id: 'a user belongs to the organization that the caller acts for (X-Organization)',
  organizations: 'a user belongs to the organization that the caller acts for (X-Organization)',
  password: 'users sign in nowhere',
  permissions: 'give keys allowed_routes',
  send_invite_email: 'no e-mail is sent',
  spend: 'what a user has spent is what the ledger says',
  soft_budget: 'keys have one',
  sso_user_id: 'users sign in nowhere',
  tags: 'give keys tags',
  team_id: 'say teams',
};

export function userRoutes({ forget }: { readonly forget: () => void }): Route[] {
  return [
    implement(createUser, async ({ body, audit, setHeader, ...reach }) => {
      const { tx, orgId, caller } = reach;
      refuseFields(body, createUser.body ?? {}, UNSUPPORTED);
      demandToLimit(caller, body);
      const id = body.user_id ?? newId();
      if ((await people.admitPerson(tx, { orgId, id, by: nameActor(caller) })) !== 'new') {
        throw new Fault('resource.exists', 'the name of a user is taken', {
          detail: `There is, or was, a user ${id}.`,
        });
      }
      for (const teamId of body.teams ?? []) {
        found(await findTeam(tx, { orgId, id: teamId }), `There is no team ${teamId}.`);
        await putMember(tx, { orgId, teamId, personId: id, role: 'user' });
      }
      const person = await change(tx, { orgId, id }, body);
      const fields = {
        key_alias: body.key_alias ?? null,
        duration: body.duration ?? null,
        user_id: id,
      };
      const made = body.auto_create_key === false ? null : await makeKey(reach, fields);
      const [key] = made === null ? [] : await showKeys(tx, orgId, [made.key]);
      const shown = await tell(tx, person, audit);
      setHeader('cache-control', 'no-store');
      const { token = null, expires = null } = key ?? {};
      return { ...shown, key: made?.value ?? null, token, expires };
    }),

    implement(updateUser, async ({ tx, orgId, body, caller, audit }) => {
      refuseFields(body, updateUser.body ?? {}, UNSUPPORTED);
      demandToLimit(caller, body);
      const person = await change(tx, { orgId, id: body.user_id }, body);
      tx.onCommit(forget);
      return { user_id: person.id, data: await tell(tx, person, audit) };
    }),

    implement(deleteUsers, async ({ tx, orgId, body, audit }) => {
      let count = 0;
      for (const id of body.user_ids) {
        if (!(await people.deletePerson(tx, { orgId, id }))) throw missing(id);
        count += await revokeKeysOf(tx, { orgId, projectId: null, personId: id });
        await dropLimits(tx, { orgId, kind: 'person', id });
      }
      tx.onCommit(forget);
      audit.about(`user:${body.user_ids[0]}`, { users: body.user_ids.join(' '), keys: count });
      return { deleted_users: [...body.user_ids], deleted_keys: count };
    }),

    implement(readUserInfo, async ({ tx, orgId, query }) => {
      const of = { orgId, id: query.user_id };
      const person = found(await people.findPerson(tx, of), noUser(of.id));
      const page = { orgId, personId: of.id, offset: 0, limit: TEAMS_MAX };
      return {
        user_id: person.id,
        user_info: await showUser(tx, person),
        keys: await keysOf(tx, { orgId, projectId: null, personId: of.id }),
        teams: await showTeams(tx, orgId, await listTeams(tx, page)),
      };
    }),

    implement(listUsers, async ({ tx, orgId, query }) => {
      const { page = 1, page_size: size = PAGE_USERS } = query;
      const of = { orgId, offset: (page - 1) * size, limit: size };
      const { people: read, total } = await people.pagePeople(tx, of);
      const users = await showUsers(tx, orgId, read);
      return { users, total, page, page_size: size, total_pages: Math.ceil(total / size) };
    }),
  ];
}

async function change(
  tx: Tx,
  of: people.PersonChoice,
  fields: Omit<BodyOf<typeof updateUser>, 'user_id'>,
): Promise<Person> {
  const { user_role: role, user_alias: alias, user_email: email, metadata } = fields;
  if (role !== undefined && role !== null && !ROLES.includes(role)) {
    throw mistaken(
      'user_role',
      `must be one of ${ROLES.join(', ')}: administrators have access tokens`,
    );
  }
  const models = readModels(fields.models);
  const person = await people.adjustPerson(tx, of, {
    ...(alias === undefined ? {} : { alias }),
    ...(email === undefined ? {} : { email }),
    ...(models === undefined ? {} : { models }),
    ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
    ...(fields.max_parallel_requests === undefined
      ? {}
      : { parallelMax: fields.max_parallel_requests }),
  });
  if (person === null) throw missing(of.id);
  await applyLimits(tx, { orgId: of.orgId, kind: 'person', id: of.id }, fields);
  return person;
}

async function showUser(tx: Tx, person: Person): Promise<ShownUser> {
  const [shown] = await showUsers(tx, person.orgId, [person]);
  return found(shown, noUser(person.id));
}

async function tell(
  tx: Tx,
  person: Person,
  audit: {
    about(subject: string, details: Record<string, string | number | boolean | null>): void;
  },
): Promise<ShownUser> {
  const shown = await showUser(tx, person);
  audit.about(`user:${person.id}`, {
    alias: shown.user_alias,
    models: shown.models.join(' '),
    teams: shown.teams.join(' '),
    max_budget: shown.max_budget,
    budget_duration: shown.budget_duration,
    tpm_limit: shown.tpm_limit,
    rpm_limit: shown.rpm_limit,
  });
  return shown;
}

const noUser = (id: string): string => `There is no user ${id}.`;
const missing = (id: string): Fault =>
  new Fault('resource.missing', 'no such user', { detail: noUser(id) });
