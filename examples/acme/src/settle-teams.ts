import { createClient, type SagewaiClient } from '@sagewai/sdk';

import { signInAs } from './sign-in-as.ts';
import type { Stack } from './start-stack.ts';
import { AUDITOR, type SoftBudget, type Team, TEAMS } from './teams.ts';

/** A team that is set up: a project with a budget, a token of its own, and a key that enrolls its workers. */
export interface SettledTeam extends Team {
  readonly projectId: string;
  /** By the team's own token: it reaches its project and no other. */
  readonly client: SagewaiClient;
  /** Its developer, signed in. */
  readonly developerClient: SagewaiClient;
  /** For model calls of people and scripts of the team. */
  readonly virtualKey: string;
  readonly enrollmentKey: string;
}

export interface Settled {
  readonly administrator: SagewaiClient;
  /** Signed in, for one project or for `default`. */
  readonly auditor: (project?: string) => SagewaiClient;
  readonly teams: readonly SettledTeam[];
}

export async function settleTeams(stack: Stack): Promise<Settled> {
  const { url, administrator: token, organization } = stack;
  const administrator = createClient({ url, token, organization });
  const teams: SettledTeam[] = [];
  for (const team of TEAMS) teams.push(await settle(team));
  const auditor = await signInAs(AUDITOR, { url, administrator, organization, role: 'auditor' });
  return { administrator, auditor, teams };

  async function settle(team: Team): Promise<SettledTeam> {
    const { id: projectId } = await administrator.call('identity.createProject', {
      body: { name: team.project },
    });
    await administrator.call('ledger.setBudget', {
      params: { scope_kind: 'project', scope_id: projectId },
      body: { usd_per_day: team.usdPerDay },
    });
    if (team.soft) await setSoftBudget(administrator, team.project, '*', team.soft);
    const own = await administrator.call('identity.createToken', {
      body: { name: `${team.project} team`, scopes: ['write'], project: team.project },
    });
    const enrollment = await administrator.call('fleet.createEnrollmentKey', {
      body: {
        name: `${team.pool} workers`,
        // One to spare: a registration whose answer is lost takes a use, and so does a stranger's attempt.
        max_uses: team.workers + 1,
        allowed_pools: [team.pool],
        allowed_models: [team.model],
      },
    });
    const ofProject = createClient({ url, token, organization, project: team.project });
    const { key: virtualKey } = await ofProject.call('gateway.createKey', {
      body: { name: `${team.project} people` },
    });
    const client = createClient({ url, token: own.token });
    const developer = await signInAs(team.developer, {
      url,
      administrator,
      organization,
      role: 'developer',
      project: team.project,
    });
    return {
      ...team,
      projectId,
      client,
      developerClient: developer(team.project),
      virtualKey,
      enrollmentKey: enrollment.key,
    };
  }
}

/** What one agent of a project should spend a day, or all of them (`*`). */
export async function setSoftBudget(
  administrator: SagewaiClient,
  project: string,
  agent: string,
  soft: SoftBudget,
): Promise<void> {
  await administrator.call('ledger.setSoftLimit', {
    params: { agent },
    query: { project },
    body: {
      max_daily_usd: soft.usdPerDay,
      action: soft.action,
      fallback_chain: soft.fallback === undefined ? [] : [soft.fallback],
    },
  });
}
