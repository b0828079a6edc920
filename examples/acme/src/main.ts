/** `npm run example:acme`: three teams, five workers in three pools, one server. Exits with 0 if all holds. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { checkIsolation } from './check-isolation.ts';
import { startProviders } from './providers.ts';
import { type Report, reportText, type TeamLine } from './report.ts';
import { type SettledTeam, settleTeams } from './settle-teams.ts';
import { startStack } from './start-stack.ts';
import { type RunDetail, workFor } from './work.ts';

const json = process.argv.includes('--json');
const say = (line: string): void => console.error(line);

const home = await mkdtemp(join(tmpdir(), 'sagewai-acme-'));
const undo: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
const undoAll = async (): Promise<void> => {
  for (let last = undo.pop(); last; last = undo.pop()) await last();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void undoAll().finally(() => process.exit(130)));
}

try {
  const report = await play();
  console.log(json ? JSON.stringify(report) : reportText(report));
  process.exitCode = report.holds ? 0 : 1;
} catch (error) {
  say(`The example failed: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
} finally {
  await undoAll();
}

async function play(): Promise<Report> {
  const providers = await startProviders();
  undo.push(() => providers.close());
  say('Starting the server …');
  const stack = await startStack(home, providers, process.env);
  undo.push(() => stack.stop());
  const settled = await settleTeams(stack);
  say('Starting 5 workers in 3 pools …');
  for (const team of settled.teams) {
    for (let number = 1; number <= team.workers; number += 1) {
      stack.startWorker({
        name: `${team.pool}-${number}`,
        pool: team.pool,
        model: team.model,
        enrollmentKey: team.enrollmentKey,
        ollamaUrl: team.pool === 'gpu-local' ? providers.urls.ollama : 'http://127.0.0.1:9',
      });
    }
  }
  say('Each team submits its work …');
  const done = await Promise.all(settled.teams.map((team) => workFor(team)));
  const runsOf = new Map(settled.teams.map(({ project }, at) => [project, done[at] ?? []]));
  const teams = await Promise.all(
    settled.teams.map((team) => lineOf(team, runsOf.get(team.project) ?? [])),
  );
  const provider_calls = { ...providers.calls };
  const checks = await checkIsolation({ url: stack.url, settled, runsOf });
  return { teams, checks, provider_calls, holds: checks.every(({ holds }) => holds) };
}

async function lineOf(team: SettledTeam, runs: readonly RunDetail[]): Promise<TeamLine> {
  const { totals } = await team.client.call('ledger.listSpend', {});
  return {
    team: team.name,
    project: team.project,
    pool: team.pool,
    workers: [...new Set(runs.map(({ worker_name: name }) => name ?? '?'))].toSorted(),
    model: team.model,
    runs: runs.length,
    spent_usd: totals?.cost_usd ?? '?',
    usd_per_day: team.usdPerDay,
    soft_usd_per_day: team.soft?.usdPerDay ?? null,
    beyond_soft: team.soft?.action ?? null,
  };
}
