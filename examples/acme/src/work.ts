import type { SagewaiClient } from '@sagewai/sdk';

import type { SettledTeam } from './settle-teams.ts';

export type RunDetail = Awaited<ReturnType<typeof readRun>>;

const WAIT_MS = 20_000;
const RUN_MS_MAX = 120_000;

/** Submits a team's work and waits for its end. */
export async function workFor(team: SettledTeam): Promise<readonly RunDetail[]> {
  const { runs } = await team.client.call('runs.submitRuns', {
    body: {
      runs: team.messages.map((message) => ({
        pool: team.pool,
        model: team.model,
        payload: {
          agent: { name: team.project, model: team.model, system: team.system, max_tokens: 200 },
          message,
        },
      })),
    },
  });
  return Promise.all(runs.map(({ id }) => ended(team.client, id)));
}

async function ended(client: SagewaiClient, runId: string): Promise<RunDetail> {
  const deadline = performance.now() + RUN_MS_MAX;
  for (;;) {
    const run = await readRun(client, runId);
    if (run.finished_at !== null) return run;
    if (performance.now() > deadline) throw new Error(`run ${runId} is still ${run.state}`);
  }
}

function readRun(client: SagewaiClient, runId: string) {
  return client.call(
    'runs.getRun',
    { params: { run_id: runId }, query: { wait_ms: WAIT_MS } },
    { timeoutMs: WAIT_MS * 2 },
  );
}
