import { type Budget, listBudgets, sumSpendByScope, UNLIMITED } from '@sagewai/ledger';
import type { Executor } from '@sagewai/postgres';
import type { OrganizationId, OutputOf, readTeamInfo, readUserInfo } from '@sagewai/wire';

import { showModelLimits } from './model-limits.ts';
import { listHeld } from './named-budgets.sql.ts';
import type { Person } from './person.ts';
import { showBalance, type ShownBalance } from './show-balance.ts';
import type { Team } from './team.ts';
import { listMembers } from './teams.sql.ts';

export type ShownTeam = OutputOf<typeof readTeamInfo>['team_info'];
export type ShownUser = OutputOf<typeof readUserInfo>['user_info'];

/** Teams of one organization in LiteLLM's words, with their members and what they have spent. */
export async function showTeams(
  db: Executor,
  orgId: OrganizationId,
  teams: readonly Team[],
): Promise<ShownTeam[]> {
  const members = await listMembers(db, { orgId, teamIds: teams.map(({ id }) => id) });
  const balances = await balancesOf(db, { orgId, kind: 'team', of: teams });
  return teams.map((team) => {
    const own = members.filter(({ teamId }) => teamId === team.id);
    return {
      team_id: team.id,
      team_alias: team.alias,
      organization_id: orgId,
      ...balances(team),
      models: [...team.models],
      metadata: { ...team.metadata },
      members_with_roles: own.map(({ personId, role }) => ({ role, user_id: personId })),
      admins: own.filter(({ role }) => role === 'admin').map(({ personId }) => personId),
      members: own.map(({ personId }) => personId),
      blocked: team.blockedAt !== null,
      created_at: team.createdAt.toISOString(),
      updated_at: team.updatedAt.toISOString(),
    };
  });
}

export async function showUsers(
  db: Executor,
  orgId: OrganizationId,
  people: readonly Person[],
): Promise<ShownUser[]> {
  const balances = await balancesOf(db, { orgId, kind: 'person', of: people });
  return people.map((person) => ({
    user_id: person.id,
    user_alias: person.alias,
    user_email: person.email,
    user_role: 'internal_user' as const,
    organization_id: orgId,
    ...balances(person),
    models: [...person.models],
    metadata: { ...person.metadata },
    teams: [...person.teams],
    created_at: person.createdAt.toISOString(),
    updated_at: person.updatedAt.toISOString(),
  }));
}

interface Holder {
  readonly id: string;
  readonly parallelMax: number | null;
}

async function balancesOf(
  db: Executor,
  { orgId, kind, of }: { orgId: OrganizationId; kind: 'team' | 'person'; of: readonly Holder[] },
): Promise<(holder: Holder) => ShownBalance> {
  const ids = of.map(({ id }) => id);
  const budgets = new Map<string, Budget>(
    (await listBudgets(db, orgId, { kind, ids, limit: Math.max(1, ids.length) })).map((budget) => [
      budget.scope.id,
      budget,
    ]),
  );
  const spent = await sumSpendByScope(db, { orgId, kind, ids });
  const models = await showModelLimits(db, { orgId, kind }, ids);
  const held = await listHeld(db, { orgId, kind }, ids);
  return ({ id, parallelMax }) => {
    const none = { scope: { orgId, kind, id }, limits: UNLIMITED, balances: [] };
    return showBalance(budgets.get(id) ?? none, spent.get(id) ?? 0n, {
      parallelMax,
      models: models(id),
      budgetId: held.get(id),
    });
  };
}
