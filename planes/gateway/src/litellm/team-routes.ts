import { newId } from '@sagewai/crypto';
import { Fault } from '@sagewai/fault';
import { found, implement, type Route } from '@sagewai/http';
import type { Tx } from '@sagewai/postgres';
import { nameActor } from '@sagewai/trust';
import {
  addTeamMember,
  blockTeam,
  type BodyOf,
  createTeam,
  deleteTeams,
  listTeams,
  type OrganizationId,
  readTeamInfo,
  removeTeamMember,
  unblockTeam,
  updateTeam,
} from '@sagewai/wire';

import { applyLimits } from './apply-limits.ts';
import { checkMetadata } from './check-metadata.ts';
import { demandToLimit } from './demand-to-limit.ts';
import { readModels } from './key-fields.ts';
import { admitPerson } from './people.sql.ts';
import { mistaken, refuseFields, type Unsupported } from './refuse-fields.ts';
import { dropLimits, revokeKeysOf } from './revoke-keys.ts';
import { keysOf } from './show-keys.ts';
import { type ShownTeam, showTeams } from './show-teams.ts';
import type { Team } from './team.ts';
import * as teams from './teams.sql.ts';

const PAGE_TEAMS = 100;

/** What LiteLLM's teams have and ours do not, and why. */
const UNSUPPORTED: Unsupported = {
  guardrails: 'guardrails are not set by the team',
  max_budget_in_team: 'give the key of the user in the team a max_budget',
  model_aliases: 'give keys aliases',
  object_permission: 'a team opens models only',
  organization_id: 'a team belongs to the organization that the caller acts for (X-Organization)',
  router_settings: 'routing is set for the server',
  soft_budget: 'keys have one',
  tags: 'give keys tags',
  team_member_budget: 'give the keys of users a max_budget',
  team_member_permissions: 'members of a team administer nothing',
  team_member_rpm_limit: 'give the keys of users an rpm_limit',
  team_member_tpm_limit: 'give the keys of users a tpm_limit',
};

interface Parts {
  /** What is remembered of keys; a team's models and its block bind them within a second. */
  readonly forget: () => void;
}

export function teamRoutes({ forget }: Parts): Route[] {
  return [
    implement(createTeam, async ({ tx, orgId, body, caller, audit }) => {
      refuseFields(body, createTeam.body ?? {}, UNSUPPORTED);
      demandToLimit(caller, body);
      const id = body.team_id ?? newId();
      const by = nameActor(caller);
      if (!(await teams.insertTeam(tx, { orgId, id, by }))) {
        throw new Fault('resource.exists', 'the name of a team is taken', {
          detail: `There is, or was, a team ${id}.`,
        });
      }
      const team = await change(tx, { orgId, id }, body);
      await putMembers(tx, { orgId, id, by }, body.members_with_roles ?? []);
      return tell(tx, team, audit);
    }),

    implement(updateTeam, async ({ tx, orgId, body, caller, audit }) => {
      refuseFields(body, updateTeam.body ?? {}, UNSUPPORTED);
      demandToLimit(caller, body);
      const team = await change(tx, { orgId, id: body.team_id }, body);
      tx.onCommit(forget);
      return { team_id: team.id, data: await tell(tx, team, audit) };
    }),

    implement(deleteTeams, async ({ tx, orgId, body, audit }) => {
      let count = 0;
      for (const id of body.team_ids) {
        if (!(await teams.deleteTeam(tx, { orgId, id }))) throw missing(id);
        count += await revokeKeysOf(tx, { orgId, projectId: null, teamId: id });
        await dropLimits(tx, { orgId, kind: 'team', id });
      }
      tx.onCommit(forget);
      audit.about(`team:${body.team_ids[0]}`, { teams: body.team_ids.join(' '), keys: count });
      return { deleted_teams: [...body.team_ids], deleted_keys: count };
    }),

    ...(
      [
        [blockTeam, true],
        [unblockTeam, false],
      ] as const
    ).map(([endpoint, isBlocked]) =>
      implement(endpoint, async ({ tx, orgId, body, audit }) => {
        const of = { orgId, id: body.team_id };
        const team = found(await teams.adjustTeam(tx, of, { isBlocked }), noTeam(of.id));
        tx.onCommit(forget);
        return tell(tx, team, audit);
      }),
    ),

    implement(addTeamMember, async ({ tx, orgId, body, caller, audit }) => {
      refuseFields(body, addTeamMember.body ?? {}, UNSUPPORTED);
      const of = { orgId, id: body.team_id };
      const team = found(await teams.findTeam(tx, of), noTeam(of.id));
      const added = Array.isArray(body.member) ? body.member : [body.member];
      await putMembers(tx, { ...of, by: nameActor(caller) }, added);
      return tell(tx, team, audit);
    }),

    implement(removeTeamMember, async ({ tx, orgId, body, audit }) => {
      const of = { orgId, id: body.team_id };
      const team = found(await teams.findTeam(tx, of), noTeam(of.id));
      const member = { orgId, teamId: of.id, personId: body.user_id };
      if (!(await teams.dropMember(tx, member))) throw mistaken('user_id', 'is no member');
      return tell(tx, team, audit);
    }),

    implement(readTeamInfo, async ({ tx, orgId, query }) => {
      const team = found(
        await teams.findTeam(tx, { orgId, id: query.team_id }),
        noTeam(query.team_id),
      );
      return {
        team_id: team.id,
        team_info: await showTeam(tx, team),
        keys: await keysOf(tx, { orgId, projectId: null, teamId: team.id }),
      };
    }),

    implement(listTeams, async ({ tx, orgId, query }) => {
      const offset = ((query.page ?? 1) - 1) * PAGE_TEAMS;
      const page = { orgId, personId: query.user_id, offset, limit: PAGE_TEAMS };
      return showTeams(tx, orgId, await teams.listTeams(tx, page));
    }),
  ];
}

async function change(
  tx: Tx,
  of: teams.TeamChoice,
  fields: Omit<BodyOf<typeof updateTeam>, 'team_id'>,
): Promise<Team> {
  const models = readModels(fields.models);
  checkMetadata(fields.metadata ?? {});
  const team = await teams.adjustTeam(tx, of, {
    ...(fields.team_alias === undefined ? {} : { alias: fields.team_alias }),
    ...(models === undefined ? {} : { models }),
    ...(fields.metadata === undefined ? {} : { metadata: fields.metadata ?? {} }),
    ...(fields.max_parallel_requests === undefined
      ? {}
      : { parallelMax: fields.max_parallel_requests }),
    ...(typeof fields.blocked === 'boolean' ? { isBlocked: fields.blocked } : {}),
  });
  if (team === null) throw missing(of.id);
  await applyLimits(tx, { orgId: of.orgId, kind: 'team', id: of.id }, fields);
  return team;
}

async function putMembers(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly id: string; readonly by: string },
  added: readonly { readonly role: 'admin' | 'user'; readonly user_id: string }[],
): Promise<void> {
  for (const { role, user_id: personId } of added) {
    const admitted = await admitPerson(tx, { orgId: of.orgId, id: personId, by: of.by });
    if (admitted === 'deleted') throw mistaken('member', `names a user that was deleted`);
    await teams.putMember(tx, { orgId: of.orgId, teamId: of.id, personId, role });
  }
}

async function showTeam(tx: Tx, team: Team): Promise<ShownTeam> {
  const [shown] = await showTeams(tx, team.orgId, [team]);
  return found(shown, noTeam(team.id));
}

async function tell(
  tx: Tx,
  team: Team,
  audit: {
    about(subject: string, details: Record<string, string | number | boolean | null>): void;
  },
): Promise<ShownTeam> {
  const shown = await showTeam(tx, team);
  audit.about(`team:${team.id}`, {
    alias: shown.team_alias,
    models: shown.models.join(' '),
    members: shown.members.join(' '),
    blocked: shown.blocked,
    max_budget: shown.max_budget,
    budget_duration: shown.budget_duration,
    tpm_limit: shown.tpm_limit,
    rpm_limit: shown.rpm_limit,
  });
  return shown;
}

const noTeam = (id: string): string => `There is no team ${id}.`;
const missing = (id: string): Fault =>
  new Fault('resource.missing', 'no such team', { detail: noTeam(id) });
