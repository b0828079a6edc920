import { type Executor, sql, type Statement, type Tx } from '@sagewai/postgres';
import type { OrganizationId } from '@sagewai/wire';

import type { Team, TeamMember } from './team.ts';

const columns = (): Statement<unknown> => sql`
  org_id as "orgId", id, alias, models, metadata, parallel_max as "parallelMax",
  created_at as "createdAt", created_by as "createdBy", updated_at as "updatedAt",
  blocked_at as "blockedAt"`;

export interface TeamChoice {
  readonly orgId: OrganizationId;
  readonly id: string;
}

/** Null when there is none, or it was deleted. */
export async function findTeam(db: Executor, { orgId, id }: TeamChoice): Promise<Team | null> {
  const { rows } = await sql<Team>`
    select ${columns()} from team where org_id = ${orgId} and id = ${id} and deleted_at is null
  `.execute(db);
  return rows[0] ?? null;
}

/** As `findTeam`; until the transaction ends nobody deletes it, so that a key that joins it goes with it. */
export async function holdTeam(tx: Tx, { orgId, id }: TeamChoice): Promise<Team | null> {
  const { rows } = await sql<Team>`
    select ${columns()} from team
    where org_id = ${orgId} and id = ${id} and deleted_at is null
    for share
  `.execute(tx);
  return rows[0] ?? null;
}

/** False when the name was given before, also to one that was deleted. */
export async function insertTeam(
  tx: Tx,
  { orgId, id, by }: TeamChoice & { readonly by: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    insert into team (org_id, id, created_by) values (${orgId}, ${id}, ${by}) on conflict do nothing
  `.execute(tx);
  return rowCount > 0;
}

export interface TeamChanges {
  readonly alias?: string | null;
  readonly models?: readonly string[];
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly parallelMax?: number | null;
  readonly isBlocked?: boolean;
}

/** What is left out stays. Null when there is no such team. */
export async function adjustTeam(
  tx: Tx,
  { orgId, id }: TeamChoice,
  changes: TeamChanges,
): Promise<Team | null> {
  const { alias, models, metadata, parallelMax, isBlocked } = changes;
  const { rows } = await sql<Team>`
    update team
    set alias = case when ${alias !== undefined}::boolean then ${alias ?? null}::text else alias end,
        models = coalesce(${models ?? null}::text[], models),
        metadata = coalesce(${metadata === undefined ? null : JSON.stringify(metadata)}::jsonb, metadata),
        parallel_max = case when ${parallelMax !== undefined}::boolean
          then ${parallelMax ?? null}::int else parallel_max end,
        blocked_at = case ${isBlocked ?? null}::boolean
          when true then coalesce(blocked_at, app_now()) when false then null else blocked_at end,
        updated_at = app_now()
    where org_id = ${orgId} and id = ${id} and deleted_at is null
    returning ${columns()}
  `.execute(tx);
  return rows[0] ?? null;
}

/** False when there is no such team. Its row stays: what it spent is its own. */
export async function deleteTeam(tx: Tx, { orgId, id }: TeamChoice): Promise<boolean> {
  const { rowCount } = await sql`
    update team set deleted_at = app_now() where org_id = ${orgId} and id = ${id} and deleted_at is null
  `.execute(tx);
  await sql`delete from team_member where org_id = ${orgId} and team_id = ${id}`.execute(tx);
  return rowCount > 0;
}

/** By name; those of one member, if one is named. */
export async function listTeams(
  db: Executor,
  of: {
    readonly orgId: OrganizationId;
    readonly personId: string | undefined;
    readonly offset: number;
    readonly limit: number;
  },
): Promise<Team[]> {
  const { rows } = await sql<Team>`
    select ${columns()} from team t
    where org_id = ${of.orgId} and deleted_at is null
      and (${of.personId ?? null}::text is null or exists (
        select from team_member m
        where m.org_id = t.org_id and m.team_id = t.id and m.person_id = ${of.personId ?? null}::text))
    order by id limit ${of.limit} offset ${of.offset}
  `.execute(db);
  return rows;
}

export async function listMembers(
  db: Executor,
  of: { readonly orgId: OrganizationId; readonly teamIds: readonly string[] },
): Promise<TeamMember[]> {
  const { rows } = await sql<TeamMember>`
    select team_id as "teamId", person_id as "personId", role from team_member
    where org_id = ${of.orgId} and team_id = any(${of.teamIds}::text[])
    order by team_id, person_id
  `.execute(db);
  return rows;
}

export async function putMember(
  tx: Tx,
  { orgId, teamId, personId, role }: TeamMember & { readonly orgId: OrganizationId },
): Promise<void> {
  await sql`
    insert into team_member (org_id, team_id, person_id, role)
    values (${orgId}, ${teamId}, ${personId}, ${role})
    on conflict (org_id, team_id, person_id) do update set role = excluded.role
  `.execute(tx);
}

export async function dropMember(
  tx: Tx,
  of: { readonly orgId: OrganizationId; readonly teamId: string; readonly personId: string },
): Promise<boolean> {
  const { rowCount } = await sql`
    delete from team_member
    where org_id = ${of.orgId} and team_id = ${of.teamId} and person_id = ${of.personId}
  `.execute(tx);
  return rowCount > 0;
}

/** What these teams are called; one without an alias is left out. */
export async function readTeamAliases(
  db: Executor,
  orgId: OrganizationId,
  ids: readonly string[],
): Promise<ReadonlyMap<string, string>> {
  const { rows } = await sql<{ id: string; alias: string }>`
    select id, alias from team where org_id = ${orgId} and id = any(${ids}) and alias is not null
  `.execute(db);
  return new Map(rows.map(({ id, alias }) => [id, alias]));
}
