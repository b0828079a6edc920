import type { SagewaiClient } from '@sagewai/sdk';

import type { Check } from './check-isolation.ts';
import { attempt, refused } from './refused.ts';
import type { Settled, SettledTeam } from './settle-teams.ts';
import { AUDITOR } from './teams.ts';
import type { RunDetail } from './work.ts';

type RunsOf = ReadonlyMap<string, readonly RunDetail[]>;

/** Somebody who reads everything and changes nothing, and people who are of one team. */
export async function checkPeople(settled: Settled, runsOf: RunsOf): Promise<Check[]> {
  const [mkt, eng] = settled.teams;
  if (!mkt || !eng) throw new Error('two teams were expected');
  const before = await stateOf(settled);
  const reads = [
    ...(await Promise.all(settled.teams.map((team) => readsTeam(settled, team, runsOf)))),
    await readsAdministration(settled),
  ];
  const changes = await changesNothing(settled, mkt, runsOf.get(mkt.project)?.[0]?.id ?? '');
  const after = await stateOf(settled);
  return [
    ...reads,
    changes,
    {
      promise: `and all is as it was before ${AUDITOR.name} tried`,
      holds: before === after,
      seen: before === after ? 'unchanged' : `${before} became ${after}`,
    },
    await readsOwnAlone(mkt, runsOf),
    await refused(`${mkt.developer.name} cannot act in the project of engineering`, 404, () =>
      mkt.developerClient.call(
        'runs.listRuns',
        { query: { project: eng.project } },
        { headers: { 'x-project-id': eng.project } },
      ),
    ),
    await refused(`${mkt.developer.name} cannot raise the budget of marketing`, 403, () =>
      mkt.developerClient.call('ledger.setBudget', {
        params: { scope_kind: 'project', scope_id: mkt.projectId },
        body: { usd_per_day: '1000' },
      }),
    ),
  ];
}

async function readsTeam(settled: Settled, team: SettledTeam, runsOf: RunsOf): Promise<Check> {
  const auditor = settled.auditor(team.project);
  const { runs } = await auditor.call('runs.listRuns', { query: { project: team.project } });
  const { totals } = await auditor.call('ledger.reportSpend', {
    query: { project_id: team.projectId },
  });
  const expected = runsOf.get(team.project)?.length ?? 0;
  return {
    promise: `${AUDITOR.name}, who audits, reads what ${team.name} runs and spends`,
    holds: runs.length === expected && totals.calls >= expected,
    seen: `${runs.length} runs, ${totals.calls} calls for $${totals.cost_usd}`,
  };
}

async function readsAdministration({ auditor, teams }: Settled): Promise<Check> {
  const client = auditor();
  const { budgets } = await client.call('ledger.listBudgets', {});
  const { accounts } = await client.call('identity.listAccounts', {});
  const { tokens } = await client.call('identity.listTokens', {});
  const { assignments } = await client.call('identity.listRoleAssignments', {});
  const { workers } = await client.call('fleet.listWorkers', {});
  const { entries } = await client.call('trust.listAudit', { query: { limit: 200 } });
  const limited = budgets.filter(({ scope_kind: kind }) => kind === 'project').length;
  return {
    promise: `${AUDITOR.name} reads budgets, people, roles, tokens, workers and the audit log`,
    holds:
      limited >= teams.length &&
      accounts.length === teams.length + 1 &&
      assignments.length === teams.length + 1 &&
      tokens.length >= teams.length &&
      workers.length >= teams.length &&
      entries.length > 0,
    seen: `${limited} budgets, ${accounts.length} people, ${tokens.length} tokens, ${workers.length} workers, ${entries.length} entries`,
  };
}

/** Everything that a team or its administrator does in this example, and more. */
async function changesNothing(
  { auditor }: Settled,
  team: SettledTeam,
  runId: string,
): Promise<Check> {
  const client = auditor(team.project);
  const tries: Readonly<Record<string, () => Promise<unknown>>> = {
    'submit a run': () => client.submitRun({ pool: team.pool, payload: {} }),
    'cancel a run': () => client.call('runs.cancelRun', { params: { run_id: runId } }),
    'create a project': () => client.call('identity.createProject', { body: { name: 'mine' } }),
    'delete a project': () =>
      client.call('identity.deleteProject', {
        params: { project: team.projectId },
        body: { confirm: team.project },
      }),
    'raise a budget': () =>
      client.call('ledger.setBudget', {
        params: { scope_kind: 'project', scope_id: team.projectId },
        body: { usd_per_day: '1000' },
      }),
    'end a soft budget': () => client.call('ledger.deleteSoftLimit', { params: { agent: '*' } }),
    'make a token': () =>
      client.call('identity.createToken', { body: { name: 'mine', scopes: ['read'] } }),
    'make a key': () => client.call('gateway.createKey', { body: { name: 'mine' } }),
    'enroll workers': () => client.call('fleet.createEnrollmentKey', { body: { name: 'mine' } }),
    'invite somebody': () =>
      client.call('identity.createInvitation', {
        body: { email: 'x@acme.example', role: 'owner' },
      }),
    'pause the fleet': () => client.call('fleet.pause', {}),
  };
  const seen = await Promise.all(
    Object.entries(tries).map(async ([name, tried]) => [name, await attempt(tried)] as const),
  );
  const wrong = seen.filter(([, status]) => status !== 403);
  return {
    promise: `${AUDITOR.name} changes nothing`,
    holds: wrong.length === 0,
    seen:
      wrong.length === 0
        ? `${seen.length} attempts, each 403`
        : wrong.map(([name, status]) => `${name}: ${status}`).join(', '),
  };
}

async function readsOwnAlone(team: SettledTeam, runsOf: RunsOf): Promise<Check> {
  const { runs } = await team.developerClient.call('runs.listRuns', {});
  const own = new Set((runsOf.get(team.project) ?? []).map(({ id }) => id));
  return {
    promise: `${team.developer.name}, a developer of ${team.name}, sees its runs and no other`,
    holds: runs.length === own.size && runs.every(({ id }) => own.has(id)),
    seen: `${runs.length} runs`,
  };
}

/** What the administrator sees of what can be changed, in one string. */
async function stateOf({ administrator, teams }: Settled): Promise<string> {
  const of = async (client: SagewaiClient, project: string): Promise<unknown> => [
    (await client.call('runs.listRuns', { query: { project } })).runs.map(({ id, state }) => [
      id,
      state,
    ]),
    (await client.call('ledger.listSoftLimits', { query: { project } })).limits,
  ];
  const { budgets } = await administrator.call('ledger.listBudgets', {});
  const parts = [
    (await administrator.call('identity.listProjects', {})).projects,
    (await administrator.call('identity.listTokens', {})).tokens.map(({ id }) => id),
    (await administrator.call('identity.listAccounts', {})).accounts.map(({ id }) => id),
    (await administrator.call('identity.listInvitations', {})).invitations.map(({ id }) => id),
    (await administrator.call('gateway.listKeys', {})).keys.map(({ id }) => id),
    (await administrator.call('fleet.listEnrollmentKeys', {})).keys.map(({ id }) => id),
    budgets.map(({ scope_id: id, usd_per_day: usd }) => [id, usd]),
    await Promise.all(teams.map(({ project }) => of(administrator, project))),
  ];
  return JSON.stringify(parts);
}
