import { createClient, SagewaiError } from '@sagewai/sdk';

import { checkBudgets } from './check-budgets.ts';
import { checkPeople } from './check-people.ts';
import { refused } from './refused.ts';
import type { Settled, SettledTeam } from './settle-teams.ts';
import type { RunDetail } from './work.ts';

/** One promise, and what was seen. */
export interface Check {
  readonly promise: string;
  readonly holds: boolean;
  readonly seen: string;
}

export interface Evidence {
  readonly url: string;
  readonly settled: Settled;
  readonly runsOf: ReadonlyMap<string, readonly RunDetail[]>;
}

/** Tries what must not work, and looks at what must be apart. */
export async function checkIsolation({ url, settled, runsOf }: Evidence): Promise<Check[]> {
  const [mkt, eng, research] = settled.teams;
  if (!mkt || !eng || !research) throw new Error('three teams were expected');
  const foreign = runsOf.get(eng.project)?.[0]?.id ?? '';
  return [
    ...settled.teams.map((team) => ranInOwnPool(team, runsOf)),
    ...(await Promise.all(settled.teams.map((team) => spendIsOwn(team, runsOf)))),
    await seesOnlyOwn(mkt, runsOf),
    await refused('marketing cannot read a run of engineering', 404, () =>
      mkt.client.call('runs.getRun', { params: { run_id: foreign } }),
    ),
    await refused('marketing cannot name the project of research', 404, () =>
      mkt.client.call('runs.listRuns', { query: { project: research.project } }),
    ),
    await keyOfOtherPoolWaits(url, mkt, eng),
    ...(await checkBudgets(url, settled)),
    ...(await checkPeople(settled, runsOf)),
  ];
}

function ranInOwnPool(team: SettledTeam, runsOf: Evidence['runsOf']): Check {
  const runs = runsOf.get(team.project) ?? [];
  const workers = [...new Set(runs.map(({ worker_name: name }) => name ?? '?'))].toSorted();
  const isDone = runs.every(({ state }) => state === 'completed');
  const isOwn = workers.every((name) => name.startsWith(team.pool));
  return {
    promise: `${team.name}'s runs complete on workers of ${team.pool}`,
    holds: runs.length === team.messages.length && isDone && isOwn,
    seen: `${runs.length} runs on ${workers.join(', ')}`,
  };
}

async function spendIsOwn(team: SettledTeam, runsOf: Evidence['runsOf']): Promise<Check> {
  const { spend, totals } = await team.client.call('ledger.listSpend', {});
  const runIds = new Set((runsOf.get(team.project) ?? []).map(({ id }) => id));
  const isOwn = spend.every(({ run_id: id }) => id !== null && runIds.has(id));
  const cost = totals?.cost_usd ?? '?';
  const isAsExpected = team.usdPerDay === '0' ? Number(cost) === 0 : Number(cost) > 0;
  return {
    promise: `${team.name} pays for its own runs, ${team.usdPerDay === '0' ? 'nothing' : 'and only for them'}`,
    holds: isOwn && isAsExpected && spend.length >= runIds.size,
    seen: `$${cost} for ${spend.length} calls`,
  };
}

async function seesOnlyOwn(team: SettledTeam, runsOf: Evidence['runsOf']): Promise<Check> {
  const { runs } = await team.client.call('runs.listRuns', {});
  const own = new Set((runsOf.get(team.project) ?? []).map(({ id }) => id));
  const foreign = runs.filter(({ id }) => !own.has(id));
  return {
    promise: `${team.name} lists its own runs and no other`,
    holds: runs.length === own.size && foreign.length === 0,
    seen: `${runs.length} runs, ${foreign.length} of others`,
  };
}

async function keyOfOtherPoolWaits(
  url: string,
  holder: SettledTeam,
  owner: SettledTeam,
): Promise<Check> {
  const spare = await createClient({ url, headers: { 'x-enrollment-key': holder.enrollmentKey } })
    .call('fleet.registerWorker', {
      body: { name: 'intruder', pool: owner.pool, models: [owner.model] },
    })
    .catch((error: unknown) =>
      error instanceof SagewaiError ? error : Promise.reject(error as Error),
    );
  const outcome = spare instanceof SagewaiError ? `refused with ${spare.status}` : spare.status;
  return {
    promise: `${holder.name}'s enrollment key lets no worker into ${owner.pool}`,
    holds: outcome !== 'approved',
    seen: outcome,
  };
}
