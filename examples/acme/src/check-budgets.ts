import { type Answered, callModel } from './call-model.ts';
import type { Check } from './check-isolation.ts';
import { type Settled, setSoftBudget, type SettledTeam } from './settle-teams.ts';

/** Servers judge soft limits from what they remember: seconds old at most. */
const SOFT_MS_MAX = 20_000;
const ALMOST_NOTHING = '0.000000000001';

/** A team beyond its soft budget is warned, or served by a cheaper model; beyond its hard one it is refused. */
export async function checkBudgets(url: string, settled: Settled): Promise<Check[]> {
  const [mkt, eng, research] = settled.teams;
  if (!mkt || !eng || !research) throw new Error('three teams were expected');
  return [
    await pricedModelIsRefused(url, eng),
    ...(await softBudgetIsTold(url, settled, [mkt, research])),
    ...(await exhaustedBudgetIsOwn(url, settled, [mkt, research])),
  ];
}

async function pricedModelIsRefused(url: string, team: SettledTeam): Promise<Check> {
  const { status } = await callModel(url, team.virtualKey, 'gpt-4o-mini');
  return {
    promise: `${team.name} has $0 a day: a model with a price is refused`,
    holds: status === 429,
    seen: `${status}`,
  };
}

/** Both have spent more than almost nothing. */
async function softBudgetIsTold(
  url: string,
  { administrator }: Settled,
  teams: readonly [SettledTeam, SettledTeam],
): Promise<Check[]> {
  const checks: Check[] = [];
  for (const { soft, ...team } of teams) {
    if (!soft) throw new Error(`${team.name} has no soft budget`);
    await setSoftBudget(administrator, team.project, '*', { ...soft, usdPerDay: ALMOST_NOTHING });
    const told = await untilTold(() => callModel(url, team.virtualKey, team.model));
    await setSoftBudget(administrator, team.project, '*', soft);
    const model = soft.fallback ?? team.model;
    checks.push({
      promise:
        soft.action === 'warn'
          ? `${team.name} beyond its soft budget is warned, and served`
          : `${team.name} beyond its soft budget is served by ${model} instead`,
      holds:
        told.status === 200 &&
        told.model === model &&
        told.budget?.startsWith(soft.action) === true,
      seen: `${told.status} by ${told.model ?? '?'}, ${told.budget ?? 'and nothing is said'}`,
    });
  }
  return checks;
}

async function untilTold(call: () => Promise<Answered>): Promise<Answered> {
  const deadline = performance.now() + SOFT_MS_MAX;
  for (;;) {
    const answered = await call();
    if (answered.budget !== null || performance.now() > deadline) return answered;
    await new Promise((resolve) => void setTimeout(resolve, 100));
  }
}

/** Marketing's day is over; research goes on. */
async function exhaustedBudgetIsOwn(
  url: string,
  { administrator }: Settled,
  [poor, rich]: readonly [SettledTeam, SettledTeam],
): Promise<Check[]> {
  const limit = (usdPerDay: string): Promise<unknown> =>
    administrator.call('ledger.setBudget', {
      params: { scope_kind: 'project', scope_id: poor.projectId },
      body: { usd_per_day: usdPerDay },
    });
  await limit(ALMOST_NOTHING);
  const [refusedCall, served] = [
    await callModel(url, poor.virtualKey, poor.model),
    await callModel(url, rich.virtualKey, rich.model),
  ];
  await limit(poor.usdPerDay);
  return [
    {
      promise: `${poor.name} beyond its hard budget is refused`,
      holds: refusedCall.status === 429,
      seen: `${refusedCall.status}`,
    },
    {
      promise: `and ${rich.name} does not notice`,
      holds: served.status === 200,
      seen: `${served.status}`,
    },
  ];
}
